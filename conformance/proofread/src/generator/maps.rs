//! Generates maps.

use std::collections::{BTreeSet, HashMap, HashSet};

use prost_protovalidate_types::MapRules;
use prost_reflect::{MapKey, Value};
use rand::rngs::StdRng;

use super::{
    candidate::{Candidate, Candidates, RuleSide},
    evaluator::{Evaluator, KEYS, VALUES},
    lists::{Element, MAX_ELEMENTS},
    literals::Literals,
    value_site::ValueSite,
};
use crate::case::Side;

/// Generates maps for one field.
pub(crate) struct MapGenerator<'a> {
    pub(crate) key: &'a ValueSite,
    pub(crate) element: Element<'a>,
    /// A value to evaluate keys with.
    pub(crate) any_value: Value,
    /// A key to evaluate values with.
    pub(crate) any_key: MapKey,
    pub(crate) rules: MapRules,
    pub(crate) evaluator: &'a Evaluator,
    pub(crate) literals: &'a Literals,
}

/// Valid keys, the smallest first, and valid values.
struct ValidParts {
    keys: Vec<MapKey>,
    values: Vec<Value>,
}

/// The ids of the rules of the map, followed by those of its keys and values with their
/// levels.
pub(crate) fn rule_ids(rules: &MapRules, key: &ValueSite, site: Option<&ValueSite>) -> Vec<String> {
    let set = [
        (rules.min_pairs.is_some(), "map.min_pairs"),
        (rules.max_pairs.is_some(), "map.max_pairs"),
    ];
    let set = set.iter().filter(|(set, _)| *set);
    let own = set.map(|(_, id)| (*id).to_owned());
    let values = site.map_or(&[][..], |site| site.rule_ids.as_slice());
    own.chain(key.rule_ids.iter().map(|key| format!("{KEYS}{key}")))
        .chain(values.iter().map(|key| format!("{VALUES}{key}")))
        .collect()
}

impl MapGenerator<'_> {
    /// The maps to try.
    pub(crate) fn candidates(&self, rng: &mut StdRng) -> Candidates<Value> {
        let mut candidates = Candidates::default();
        let key_candidates = self.key.candidates(&mut |key| self.evaluate_key(key), rng);
        let value_candidates = match &self.element {
            Element::Value(site) => site.candidates(&mut |value| self.evaluate_value(value), rng),
            Element::Message(_) => Candidates::default(),
        };
        let mut valid = self.valid(&key_candidates, &value_candidates);
        self.add_sizes(&mut valid, &mut candidates, rng);
        for (slug, description, size) in [("one", "one pair", 1), ("two", "two pairs", 2)] {
            let map = self.of_size(size, &mut valid, rng).into_iter();
            map.for_each(|map| candidates.add_neutral(slug, description, map));
        }
        candidates.add_neutral("empty", "an empty map", Value::Map(HashMap::new()));
        let value = valid.values.first().cloned();
        self.add_each_part(
            KEYS,
            "a key",
            key_candidates,
            &mut valid,
            &mut candidates,
            rng,
            |key| Some((key.into_map_key()?, value.clone()?)),
        );
        let key = valid.keys.first().cloned();
        self.add_each_part(
            VALUES,
            "a value",
            value_candidates,
            &mut valid,
            &mut candidates,
            rng,
            |value| Some((key.clone()?, value)),
        );
        candidates
    }

    fn evaluate_key(&self, key: &Value) -> Option<BTreeSet<String>> {
        let key = key.clone().into_map_key()?;
        let map = Value::Map(HashMap::from([(key, self.any_value.clone())]));
        self.evaluator.evaluate_level(KEYS, &map)
    }

    fn evaluate_value(&self, value: &Value) -> Option<BTreeSet<String>> {
        let map = Value::Map(HashMap::from([(self.any_key.clone(), value.clone())]));
        self.evaluator.evaluate_level(VALUES, &map)
    }

    fn valid(&self, keys: &Candidates<Value>, values: &Candidates<Value>) -> ValidParts {
        let keeps = |broken: Option<BTreeSet<String>>| broken.is_some_and(|it| it.is_empty());
        let mut valid = ValidParts {
            keys: Vec::new(),
            values: Vec::new(),
        };
        for key in keys.all.iter().flat_map(|it| &it.values) {
            if let Some(map_key) = key.clone().into_map_key()
                && keeps(self.evaluate_key(key))
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
                let values = values.all.iter().flat_map(|it| &it.values);
                let kept = values.filter(|value| keeps(self.evaluate_value(value)));
                valid.values.extend(kept.cloned());
            }
        }
        valid
    }

    fn of_size(&self, size: usize, valid: &mut ValidParts, rng: &mut StdRng) -> Option<Value> {
        if size > MAX_ELEMENTS || (size > 0 && valid.values.is_empty()) {
            return None;
        }
        let mut known: HashSet<MapKey> = valid.keys.iter().cloned().collect();
        for _ in 0..size * 20 {
            if valid.keys.len() >= size {
                break;
            }
            let key = self.key.random(rng)?;
            let map_key = key.clone().into_map_key()?;
            let keeps = !known.contains(&map_key)
                && self.evaluate_key(&key).is_some_and(|it| it.is_empty());
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

    fn add_sizes(
        &self,
        valid: &mut ValidParts,
        candidates: &mut Candidates<Value>,
        rng: &mut StdRng,
    ) {
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
                    candidates.add_impossible(rule, side, "nothing is smaller than empty");
                    continue;
                };
                match self.of_size(size, valid, rng) {
                    Some(map) if inside => {
                        candidates.add_keeping(rule, slug, &format!("{size} pairs"), vec![map])
                    }
                    Some(map) => {
                        candidates.add_breaking(rule, slug, &format!("{size} pairs"), vec![map])
                    }
                    None => {
                        let found = valid.keys.len();
                        let reason = format!(
                            "{size} pairs: only {found} valid keys were found, or the map is too large"
                        );
                        candidates.add_impossible(rule, side, reason);
                    }
                }
            }
        }
        for size in self.literals.sizes() {
            for size in [size.saturating_sub(1), size, size + 1] {
                let map = self.of_size(size, valid, rng).into_iter();
                map.for_each(|map| {
                    candidates.add_neutral(
                        &format!("size-{size}"),
                        "a size near a number that a rule names",
                        map,
                    )
                });
            }
        }
    }

    /// Adds maps in which one key or value is a candidate and the others are valid.
    #[expect(
        clippy::too_many_arguments,
        reason = "keys and values differ in nothing else"
    )]
    fn add_each_part(
        &self,
        level: &str,
        what: &str,
        parts: Candidates<Value>,
        valid: &mut ValidParts,
        candidates: &mut Candidates<Value>,
        rng: &mut StdRng,
        pair: impl Fn(Value) -> Option<(MapKey, Value)>,
    ) {
        let min = usize::try_from(self.rules.min_pairs()).unwrap_or(0).max(1);
        let others = match self.of_size(min, valid, rng) {
            Some(Value::Map(map)) => map,
            _ => HashMap::new(),
        };
        let mut others: Vec<(MapKey, Value)> = others.into_iter().collect();
        others.sort_by(|left, right| left.0.cmp(&right.0));
        for candidate in parts.all {
            let maps = candidate.values.into_iter().filter_map(|part| {
                let (key, value) = pair(part)?;
                let rest = others
                    .iter()
                    .filter(|it| it.0 != key)
                    .take(min - 1)
                    .cloned();
                Some(Value::Map(rest.chain([(key.clone(), value)]).collect()))
            });
            candidates.all.push(Candidate {
                values: maps.collect(),
                target: candidate.target.map(|target| RuleSide {
                    rule: format!("{level}{}", target.rule),
                    side: target.side,
                }),
                slug: format!("{}-{}", what.trim_start_matches("a "), candidate.slug),
                description: format!("{what} is {}", candidate.description),
            });
        }
        candidates.all.retain(|it| !it.values.is_empty());
        for (target, reason) in parts.impossible {
            candidates.add_impossible(&format!("{level}{}", target.rule), target.side, reason);
        }
    }
}

fn key_size(key: &MapKey) -> usize {
    match key {
        MapKey::String(text) => text.len(),
        _ => 1,
    }
}
