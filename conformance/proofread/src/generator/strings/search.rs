//! A random local search for strings that can't be constructed directly: a small change is
//! kept if the string does not get further from the wanted set of broken rules.

use std::collections::BTreeSet;

use rand::{RngExt, rngs::StdRng};

use super::{Evaluate, StringGenerator};

/// The number of strings that a search evaluates.
const STEPS: usize = 600;

/// The characters that a search inserts, besides the parts that the rules name.
const LETTERS: &str = "aZ09-_.@/: #!é";

impl StringGenerator {
    /// A string that breaks exactly the `wanted` rules; none of them for an empty set. The
    /// search starts from the best of `from` and two random strings.
    pub(super) fn search(
        &self,
        wanted: &BTreeSet<String>,
        from: &[String],
        evaluate: &mut Evaluate<'_>,
        rng: &mut StdRng,
    ) -> Option<String> {
        let mut best: Option<(usize, String)> = None;
        let distance = |text: &str, evaluate: &mut Evaluate<'_>| -> Option<usize> {
            Some(evaluate(text)?.symmetric_difference(wanted).count())
        };
        let mut starts: Vec<String> = from.to_vec();
        starts.extend(self.pattern.iter().map(|it| it.random(rng)));
        starts.push(self.random(rng));
        for start in starts {
            let Some(distance_now) = distance(&start, evaluate) else {
                continue;
            };
            if best.as_ref().is_none_or(|(least, _)| distance_now < *least) {
                best = Some((distance_now, start));
            }
        }
        let (mut distance_now, mut text) = best?;
        for _ in 0..STEPS {
            if distance_now == 0 {
                return Some(text);
            }
            let mutated = self.mutated(&text, rng);
            // A step with the same distance is taken too: it may lead out of a local minimum.
            if let Some(now) = distance(&mutated, evaluate).filter(|now| *now <= distance_now) {
                (distance_now, text) = (now, mutated);
            }
        }
        (distance_now == 0).then_some(text)
    }

    fn mutated(&self, text: &str, rng: &mut StdRng) -> String {
        let rules = &self.rules;
        let mut characters: Vec<char> = text.chars().collect();
        let position = rng.random_range(0..=characters.len());
        let letters: Vec<char> = LETTERS.chars().collect();
        let letter = letters[rng.random_range(0..letters.len())];
        match rng.random_range(0..8) {
            0 => characters.insert(position, letter),
            1 if position < characters.len() => {
                characters.remove(position);
            }
            2 if position < characters.len() => characters[position] = letter,
            3 => {
                let named = [
                    &rules.prefix,
                    &rules.suffix,
                    &rules.contains,
                    &rules.not_contains,
                ];
                let named: Vec<&String> = named
                    .into_iter()
                    .flatten()
                    .chain(&self.literals.strings)
                    .collect();
                if !named.is_empty() {
                    let part = named[rng.random_range(0..named.len())];
                    let position = [0, position, characters.len()][rng.random_range(0..3)];
                    characters.splice(position..position, part.chars());
                }
            }
            4 => characters.truncate(position),
            5 => {
                characters.drain(..position);
            }
            6 => match &self.pattern {
                Some(pattern) => return pattern.random(rng),
                None => return self.random(rng),
            },
            _ => {
                if let Some(it) = characters.get_mut(position) {
                    *it = if it.is_ascii_lowercase() {
                        it.to_ascii_uppercase()
                    } else {
                        it.to_ascii_lowercase()
                    };
                }
            }
        }
        characters.into_iter().collect()
    }
}
