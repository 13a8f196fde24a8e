//! A search for strings that nothing direct gives: small changes, kept when they
//! bring the string nearer to what it is to do.

use std::collections::BTreeSet;

use rand::{RngExt, rngs::StdRng};

use super::{Evaluate, StringGenerator};

/// How many strings are tried.
const STEPS: usize = 600;

/// What a search puts into strings beside what the rules name.
const LETTERS: &str = "aZ09-_.@/: #!é";

impl StringGenerator {
    /// A string that breaks exactly these rules; the empty set means that it keeps
    /// all.
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
            let changed = self.changed(&text, rng);
            // A step that is as far is taken too: it may lead out of a dead end.
            if let Some(now) = distance(&changed, evaluate).filter(|now| *now <= distance_now) {
                (distance_now, text) = (now, changed);
            }
        }
        (distance_now == 0).then_some(text)
    }

    fn changed(&self, text: &str, rng: &mut StdRng) -> String {
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
                    *it = match it.is_ascii_lowercase() {
                        true => it.to_ascii_uppercase(),
                        false => it.to_ascii_lowercase(),
                    };
                }
            }
        }
        characters.into_iter().collect()
    }
}
