//! Random requests.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Fixtures, several};
use crate::{
    case::{Case, Due, Exercise, Expect, Phase, Send, Side},
    contract::{Contract, Message, Method},
    coverage,
    oracle::{Breach, Oracle},
    synth::{BIG, Synth, hash, set},
};

/// How deep messages within messages are filled at random.
const DEPTH: usize = 4;

/// The biggest message, in bytes: random cases are many.
const BIGGEST: usize = 64 << 10;

/// How often it is tried to make a case before giving up.
const ATTEMPTS: usize = 100;

/// Random cases of a method, without end.
pub struct Random<'c> {
    synth: Synth<'c>,
    request: Option<&'c Message>,
    path: String,
    client_streaming: bool,
    seed: u64,
    count: u64,
    rng: StdRng,
}

impl<'c> Random<'c> {
    /// Begins a sequence; the same seed gives the same one.
    pub fn new(
        contract: &'c Contract,
        oracle: &Oracle,
        method: &Method,
        fixtures: &'c Fixtures,
        seed: u64,
    ) -> Self {
        Self {
            synth: Synth::new(contract, oracle.clone(), fixtures),
            request: contract.message(&method.request),
            path: method.path.clone(),
            client_streaming: method.client_streaming,
            seed,
            count: 0,
            // Methods get different requests for the same seed.
            rng: StdRng::seed_from_u64(seed ^ hash(&method.path)),
        }
    }

    fn attempt(&mut self, request: &'c Message, attempt: usize) -> Option<Case> {
        let count = match self.client_streaming {
            true => self.rng.random_range(1..=4),
            false => 1,
        };
        // Of a stream, one message is made wrong at most.
        let wrong = match self.rng.random_range(0..100) {
            0..55 => 0,
            55..85 => 1,
            _ => self.rng.random_range(2..=4),
        };
        let wrong_at = self.rng.random_range(0..count);
        let mut messages = Vec::new();
        let mut due = BTreeSet::new();
        for at in 0..count {
            let wrong = if at == wrong_at { wrong } else { 0 };
            let (message, breaches) = self.message(request, wrong, attempt)?;
            messages.push(message);
            if !breaches.is_empty() {
                // A server says what is wrong with the first message that is.
                due = breaches;
                break;
            }
        }
        let exercises = due.iter().filter_map(|breach| {
            Some(Exercise {
                field: coverage::declaring(
                    self.synth.contract,
                    request,
                    &breach.path,
                    &breach.key,
                )?,
                rule: breach.key.clone(),
                side: Side::Broken,
            })
        });
        let exercises: BTreeSet<Exercise> = exercises.collect();
        let intent = match due.len() {
            0 => "a random request that keeps every rule".to_owned(),
            count => format!("a random request that breaks {count} of its rules"),
        };
        let due: BTreeSet<Due> = due.into_iter().map(Breach::into_due).collect();
        Some(Case {
            id: format!("random/{:x}/{}", self.seed, self.count),
            method: self.path.clone(),
            phase: Phase::Random,
            intent,
            exercises: exercises.into_iter().collect(),
            send: Send::Messages(messages),
            expect: match due.is_empty() {
                true => Expect::Accepted,
                false => Expect::Refused(due.into_iter().collect()),
            },
        })
    }

    /// A random message in which so many fields are made wrong.
    fn message(
        &mut self,
        request: &'c Message,
        wrong: usize,
        attempt: usize,
    ) -> Option<(DynamicMessage, BTreeSet<Breach>)> {
        // What is too big, or too wrong, is tried again with less in it.
        let depth = DEPTH.saturating_sub(attempt / 15);
        let mut message = match self.synth.smallest(request) {
            Ok(smallest) if attempt >= ATTEMPTS / 2 => smallest,
            _ => self.synth.random_message(request, &mut self.rng, depth),
        };
        for _ in 0..wrong {
            spoil(&mut self.synth, request, &mut message, &mut self.rng);
        }
        if message.encoded_len() > BIGGEST {
            return None;
        }
        let breaches = self.synth.oracle.breaches(&message).ok()?;
        (breaches.len() <= several::MOST).then_some((message, breaches))
    }
}

impl Iterator for Random<'_> {
    type Item = Case;

    fn next(&mut self) -> Option<Case> {
        let request = self.request?;
        self.count += 1;
        (0..ATTEMPTS).find_map(|attempt| self.attempt(request, attempt))
    }
}

/// Makes one field wrong, at any depth.
fn spoil<'c>(
    synth: &mut Synth<'c>,
    declared: &'c Message,
    message: &mut DynamicMessage,
    rng: &mut StdRng,
) {
    if declared.fields.is_empty() {
        return;
    }
    let field = &declared.fields[rng.random_range(0..declared.fields.len())];
    if let Some(nested) = synth.contract.message_in(field)
        && message.has_field(&field.descriptor)
        && rng.random_bool(0.75)
    {
        let inner = match message.get_field_mut(&field.descriptor) {
            Value::Message(inner) => Some(inner),
            Value::List(items) => items.first_mut().and_then(Value::as_message_mut),
            // The order of a map is not the same in every run.
            Value::Map(pairs) => {
                let key = pairs.keys().min().cloned();
                key.and_then(|key| pairs.get_mut(&key)?.as_message_mut())
            }
            _ => None,
        };
        if let Some(inner) = inner {
            spoil(synth, nested, inner, rng);
        }
        return;
    }
    if rng.random_bool(0.5)
        && let Some(value) = synth.random_outside(declared, field, rng)
    {
        set(message, field, Some(value));
        return;
    }
    let pool = synth.pool(declared, field);
    let all = || pool.tried.iter().filter(|it| !it.broken.is_empty());
    let mut wrong: Vec<_> = all().filter(|it| it.size <= BIG).collect();
    if wrong.is_empty() {
        wrong = all().filter(|it| it.size < BIGGEST).collect();
    }
    if !wrong.is_empty() {
        let value = wrong[rng.random_range(0..wrong.len())].value.clone();
        set(message, field, value);
    }
}
