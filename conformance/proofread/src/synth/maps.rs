//! Maps.

use std::collections::{BTreeSet, HashMap, HashSet};

use prost_protovalidate_types::MapRules;
use prost_reflect::{MapKey, Value};
use rand::rngs::StdRng;

use super::{
    candidate::{Aim, Candidate, Tries},
    lists::{Element, MOST},
    literals::Literals,
    scale::{KEYS, Scale, VALUES},
    spot::Spot,
};
use crate::case::Side;

/// Makes maps of one field.
pub(crate) struct Maps<'a> {
    pub(crate) key: &'a Spot,
    pub(crate) element: Element<'a>,
    /// A value without content, to weigh keys with.
    pub(crate) blank: Value,
    /// A key, to weigh values with.
    pub(crate) any_key: MapKey,
    pub(crate) rules: MapRules,
    pub(crate) scale: &'a Scale,
    pub(crate) literals: &'a Literals,
}

/// Keys and values that keep their rules.
struct Valid {
    keys: Vec<MapKey>,
    values: Vec<Value>,
}

/// The ids of the rules that are set, those of keys and values after those of the
/// map.
pub(crate) fn keys(rules: &MapRules, key: &Spot, spot: Option<&Spot>) -> Vec<String> {
    let set = [
        (rules.min_pairs.is_some(), "map.min_pairs"),
        (rules.max_pairs.is_some(), "map.max_pairs"),
    ];
    let set = set.iter().filter(|(set, _)| *set);
    let own = set.map(|(_, id)| (*id).to_owned());
    let values = spot.map_or(&[][..], |spot| spot.keys.as_slice());
    own.chain(key.keys.iter().map(|key| format!("{KEYS}{key}")))
        .chain(values.iter().map(|key| format!("{VALUES}{key}")))
        .collect()
}

impl Maps<'_> {
    /// What to try.
    pub(crate) fn tries(&self, rng: &mut StdRng) -> Tries<Value> {
        let mut tries = Tries::default();
        let key_tries = self.key.tries(&mut |key| self.weigh_key(key), rng);
        let value_tries = match &self.element {
            Element::Value(spot) => spot.tries(&mut |value| self.weigh_value(value), rng),
            Element::Message(_) => Tries::default(),
        };
        let mut valid = self.valid(&key_tries, &value_tries);
        self.sizes(&mut valid, &mut tries, rng);
        for (slug, words, size) in [("one", "one pair", 1), ("two", "two pairs", 2)] {
            let map = self.of_size(size, &mut valid, rng).into_iter();
            map.for_each(|map| tries.plain(slug, words, map));
        }
        tries.plain("empty", "an empty map", Value::Map(HashMap::new()));
        let value = valid.values.first().cloned();
        self.each(
            KEYS,
            "a key",
            key_tries,
            &mut valid,
            &mut tries,
            rng,
            |key| Some((key.into_map_key()?, value.clone()?)),
        );
        let key = valid.keys.first().cloned();
        self.each(
            VALUES,
            "a value",
            value_tries,
            &mut valid,
            &mut tries,
            rng,
            |value| Some((key.clone()?, value)),
        );
        tries
    }

    fn weigh_key(&self, key: &Value) -> Option<BTreeSet<String>> {
        let key = key.clone().into_map_key()?;
        let map = Value::Map(HashMap::from([(key, self.blank.clone())]));
        self.scale.weigh_level(KEYS, &map)
    }

    fn weigh_value(&self, value: &Value) -> Option<BTreeSet<String>> {
        let map = Value::Map(HashMap::from([(self.any_key.clone(), value.clone())]));
        self.scale.weigh_level(VALUES, &map)
    }

    fn valid(&self, keys: &Tries<Value>, values: &Tries<Value>) -> Valid {
        let keeps = |broken: Option<BTreeSet<String>>| broken.is_some_and(|it| it.is_empty());
        let mut valid = Valid {
            keys: Vec::new(),
            values: Vec::new(),
        };
        for key in keys.candidates.iter().flat_map(|it| &it.values) {
            if let Some(map_key) = key.clone().into_map_key()
                && keeps(self.weigh_key(key))
                && !valid.keys.contains(&map_key)
            {
                valid.keys.push(map_key);
            }
        }
        valid.keys.sort_by_key(key_size);
        match &self.element {
            Element::Message(message) => {
                valid
                    .values
                    .extend(message.iter().map(|it| Value::Message((*it).clone())));
            }
            Element::Value(_) => {
                let values = values.candidates.iter().flat_map(|it| &it.values);
                let kept = values.filter(|value| keeps(self.weigh_value(value)));
                valid.values.extend(kept.cloned());
            }
        }
        valid
    }

    fn of_size(&self, size: usize, valid: &mut Valid, rng: &mut StdRng) -> Option<Value> {
        if size > MOST || (size > 0 && valid.values.is_empty()) {
            return None;
        }
        let mut known: HashSet<MapKey> = valid.keys.iter().cloned().collect();
        for _ in 0..size * 20 {
            if valid.keys.len() >= size {
                break;
            }
            let key = self.key.random(rng)?;
            let map_key = key.clone().into_map_key()?;
            let keeps =
                !known.contains(&map_key) && self.weigh_key(&key).is_some_and(|it| it.is_empty());
            if keeps {
                known.insert(map_key.clone());
                valid.keys.push(map_key);
            }
        }
        if valid.keys.len() < size {
            return None;
        }
        let few = valid.values.len().min(8);
        let values = valid.values[..few].iter().cycle();
        let pairs = valid.keys.iter().take(size).cloned().zip(values.cloned());
        Some(Value::Map(pairs.collect()))
    }

    fn sizes(&self, valid: &mut Valid, tries: &mut Tries<Value>, rng: &mut StdRng) {
        let bounds = [
            ("map.min_pairs", self.rules.min_pairs, false),
            ("map.max_pairs", self.rules.max_pairs, true),
        ];
        for (rule, bound, less) in bounds {
            let Some(bound) = bound.and_then(|it| usize::try_from(it).ok()) else {
                continue;
            };
            let sizes = [
                (bound.checked_sub(1), less, "one-less"),
                (Some(bound), true, "exact"),
                (bound.checked_add(1), !less, "one-more"),
            ];
            for (size, inside, slug) in sizes {
                let side = if inside { Side::Kept } else { Side::Broken };
                let Some(size) = size else {
                    tries.impossible(rule, side, "nothing is smaller than empty");
                    continue;
                };
                match self.of_size(size, valid, rng) {
                    Some(map) if inside => {
                        tries.kept(rule, slug, &format!("{size} pairs"), vec![map])
                    }
                    Some(map) => tries.broken(rule, slug, &format!("{size} pairs"), vec![map]),
                    None => {
                        let found = valid.keys.len();
                        let reason = format!(
                            "{size} pairs: only {found} valid keys were found, or it is too big"
                        );
                        tries.impossible(rule, side, reason);
                    }
                }
            }
        }
        for size in self.literals.sizes() {
            for size in [size.saturating_sub(1), size, size + 1] {
                let map = self.of_size(size, valid, rng).into_iter();
                map.for_each(|map| {
                    tries.plain(
                        &format!("size-{size}"),
                        "a size near a number that a rule names",
                        map,
                    )
                });
            }
        }
    }

    /// Maps with one key or value that is to be tried, the others valid.
    #[expect(
        clippy::too_many_arguments,
        reason = "keys and values differ in nothing else"
    )]
    fn each(
        &self,
        level: &str,
        what: &str,
        parts: Tries<Value>,
        valid: &mut Valid,
        tries: &mut Tries<Value>,
        rng: &mut StdRng,
        pair: impl Fn(Value) -> Option<(MapKey, Value)>,
    ) {
        let least = usize::try_from(self.rules.min_pairs()).unwrap_or(0).max(1);
        let others = match self.of_size(least, valid, rng) {
            Some(Value::Map(map)) => map,
            _ => HashMap::new(),
        };
        let mut others: Vec<(MapKey, Value)> = others.into_iter().collect();
        others.sort_by(|left, right| left.0.cmp(&right.0));
        for candidate in parts.candidates {
            let maps = candidate.values.into_iter().filter_map(|part| {
                let (key, value) = pair(part)?;
                let rest = others
                    .iter()
                    .filter(|it| it.0 != key)
                    .take(least - 1)
                    .cloned();
                Some(Value::Map(rest.chain([(key.clone(), value)]).collect()))
            });
            tries.candidates.push(Candidate {
                values: maps.collect(),
                aim: candidate.aim.map(|aim| Aim {
                    rule: format!("{level}{}", aim.rule),
                    side: aim.side,
                }),
                slug: format!("{}-{}", what.trim_start_matches("a "), candidate.slug),
                words: format!("{what} is {}", candidate.words),
            });
        }
        tries.candidates.retain(|it| !it.values.is_empty());
        for (aim, reason) in parts.impossible {
            tries.impossible(&format!("{level}{}", aim.rule), aim.side, reason);
        }
    }
}

fn key_size(key: &MapKey) -> usize {
    match key {
        MapKey::String(text) => text.len(),
        _ => 1,
    }
}
