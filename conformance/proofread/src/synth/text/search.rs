//! A search for strings that nothing direct gives: small changes, kept when they
//! bring the string nearer to what it is to do.

use std::collections::BTreeSet;

use rand::{RngExt, rngs::StdRng};

use super::{Text, Weigh};

/// How many strings are tried.
const STEPS: usize = 600;

/// What a search puts into strings beside what the rules name.
const LETTERS: &str = "aZ09-_.@/: #!é";

impl Text {
    /// A string that breaks exactly these rules; the empty set means that it keeps
    /// all.
    pub(super) fn search(
        &self,
        wanted: &BTreeSet<String>,
        from: &[String],
        weigh: &mut Weigh<'_>,
        rng: &mut StdRng,
    ) -> Option<String> {
        let mut best: Option<(usize, String)> = None;
        let distance = |text: &str, weigh: &mut Weigh<'_>| -> Option<usize> {
            Some(weigh(text)?.symmetric_difference(wanted).count())
        };
        let mut starts: Vec<String> = from.to_vec();
        starts.extend(self.pattern.iter().map(|it| it.random(rng)));
        starts.push(self.random(rng));
        for start in starts {
            let Some(far) = distance(&start, weigh) else {
                continue;
            };
            if best.as_ref().is_none_or(|(least, _)| far < *least) {
                best = Some((far, start));
            }
        }
        let (mut far, mut text) = best?;
        for _ in 0..STEPS {
            if far == 0 {
                return Some(text);
            }
            let changed = self.changed(&text, rng);
            // A step that is as far is taken too: it may lead out of a dead end.
            if let Some(now) = distance(&changed, weigh).filter(|now| *now <= far) {
                (far, text) = (now, changed);
            }
        }
        (far == 0).then_some(text)
    }

    fn changed(&self, text: &str, rng: &mut StdRng) -> String {
        let rules = &self.rules;
        let mut characters: Vec<char> = text.chars().collect();
        let place = rng.random_range(0..=characters.len());
        let letters: Vec<char> = LETTERS.chars().collect();
        let letter = letters[rng.random_range(0..letters.len())];
        match rng.random_range(0..8) {
            0 => characters.insert(place, letter),
            1 if place < characters.len() => {
                characters.remove(place);
            }
            2 if place < characters.len() => characters[place] = letter,
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
                    .chain(&self.literals.texts)
                    .collect();
                if !named.is_empty() {
                    let part = named[rng.random_range(0..named.len())];
                    let place = [0, place, characters.len()][rng.random_range(0..3)];
                    characters.splice(place..place, part.chars());
                }
            }
            4 => characters.truncate(place),
            5 => {
                characters.drain(..place);
            }
            6 => match &self.pattern {
                Some(pattern) => return pattern.random(rng),
                None => return self.random(rng),
            },
            _ => {
                if let Some(it) = characters.get_mut(place) {
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
