//! Mutates seeds, the same way in every run, and shrinks an input that causes a panic.

use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// The greatest number of mutations of one seed.
const MAX_MUTATIONS: usize = 6;

/// The greatest number of bytes that one mutation removes, repeats or moves.
const MAX_LENGTH: usize = 40;

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Set(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize),
    /// Copies bytes to another place.
    Copy(Index, usize, Index),
    /// Inserts a token of the dictionary.
    Insert(Index, Index),
    Truncate(Index),
}

/// Runs a target on mutations.
pub struct Fuzzer {
    cases: u32,
    tokens: &'static [&'static [u8]],
}

impl Fuzzer {
    /// A fuzzer with a number of cases, which the environment can replace, and the tokens of
    /// the format.
    pub fn new(cases: u32, tokens: &'static [&'static [u8]]) -> Self {
        let longer = std::env::var("PROOFREAD_FUZZ_CASES").ok();
        let longer = longer.and_then(|number| number.parse().ok());
        Self {
            cases: longer.unwrap_or(cases),
            tokens,
        }
    }

    /// Runs a target on the seeds and on mutations of them.
    pub fn run(&self, seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
        seeds.iter().for_each(|seed| target(seed));
        let (owned, tokens) = (seeds.to_vec(), self.tokens);
        let inputs = (any::<Index>(), vec(mutation(), 1..=MAX_MUTATIONS));
        let inputs = inputs.prop_map(move |(seed, mutations)| {
            let mut bytes = seed.get(&owned).clone();
            for mutation in &mutations {
                mutation.apply(&mut bytes, tokens);
            }
            Input(bytes)
        });
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            max_shrink_iters: 2_000,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let outcome = TestRunner::new_with_rng(config, rng).run(&inputs, |Input(bytes)| {
            target(&bytes);
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }
}

/// An input, which is shown as escaped text.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let length = 1..=MAX_LENGTH;
    prop_oneof![
        (at(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (at(), length.clone()).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (at(), length.clone()).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        (at(), length, at()).prop_map(|(at, length, to)| Mutation::Copy(at, length, to)),
        (at(), at()).prop_map(|(at, token)| Mutation::Insert(at, token)),
        (at(), at()).prop_map(|(at, token)| Mutation::Insert(at, token)),
        at().prop_map(Mutation::Truncate),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>, tokens: &[&[u8]]) {
        if bytes.is_empty() {
            bytes.extend_from_slice(tokens[0]);
            return;
        }
        let size = bytes.len();
        let piece = |at: &Index, length: usize| {
            let start = at.index(size);
            start..(start + length).min(size)
        };
        match self {
            Self::Flip(at, bit) => bytes[at.index(size)] ^= 1 << bit,
            Self::Set(at, byte) => bytes[at.index(size)] = *byte,
            Self::Remove(at, length) => drop(bytes.drain(piece(at, *length))),
            Self::Repeat(at, length) => {
                let piece = piece(at, *length);
                let (start, copied) = (piece.start, bytes[piece].to_vec());
                bytes.splice(start..start, copied);
            }
            Self::Copy(at, length, to) => {
                let copied = bytes[piece(at, *length)].to_vec();
                let to = to.index(size);
                bytes.splice(to..to, copied);
            }
            Self::Insert(at, token) => {
                let at = at.index(size);
                bytes.splice(at..at, token.get(tokens).iter().copied());
            }
            Self::Truncate(at) => bytes.truncate(at.index(size)),
        }
    }
}
