//! The value pool of a field: its evaluated candidates, each with the rules it breaks.

use std::{collections::BTreeSet, sync::Arc};

use prost_reflect::{DynamicMessage, MapKey, Value};
use rand::rngs::StdRng;

use super::{
    candidate::{Candidate, Candidates, RuleSide},
    evaluator::{Evaluator, ITEMS, KEYS, VALUES},
    field_shape::{FieldShape, list_rules, map_rules, rule_ids_of, shape},
    lists::{Element, ListGenerator},
    literals::Literals,
    maps::MapGenerator,
    messages,
};
use crate::{
    case::Side,
    contract::{Field, Message},
    oracle::Oracle,
};

/// A value with the result of its evaluation.
#[derive(Debug, Clone)]
pub(crate) struct EvaluatedValue {
    /// The value; `None` stands for the field left unset.
    pub(crate) value: Option<Value>,
    /// The rule sides that it targets and is on.
    pub(crate) targets: Vec<RuleSide>,
    /// A short name: `above`.
    pub(crate) slug: String,
    /// What the value is, in words.
    pub(crate) description: String,
    /// The rules that it breaks, as [`Evaluator::evaluate`] names them.
    pub(crate) broken: BTreeSet<String>,
    /// The encoded size in bytes, with the tag.
    pub(crate) size: usize,
    /// Whether it comes from the fixtures of the configuration.
    pub(crate) is_fixture: bool,
}

/// The evaluated values of one field.
pub(crate) struct ValuePool {
    /// The ids of the rules of the field, with their levels.
    pub(crate) rule_ids: Vec<String>,
    /// The values, distinct, in the order in which they were generated.
    pub(crate) evaluated: Vec<EvaluatedValue>,
    /// The rule sides that no value was found for, each with the reason.
    pub(crate) gaps: Vec<(RuleSide, String)>,
    /// The shape of the field with its value sites, for random values.
    pub(crate) shape: FieldShape,
}

/// The number of random values that are tried if no other value keeps all rules.
const RANDOM_VALUES: usize = 200;

/// What [`ValuePool::new`] needs to know of a field.
pub(crate) struct PoolInput<'a> {
    pub(crate) oracle: &'a Oracle,
    pub(crate) message: &'a Message,
    pub(crate) field: &'a Field,
    /// Whether the field holds messages that the contract declares.
    pub(crate) holds_messages: bool,
    /// The smallest valid instance of that message; `None` if none was found.
    pub(crate) smallest: Option<DynamicMessage>,
    /// Values of the configuration that name existing resources.
    pub(crate) fixtures: Vec<Value>,
}

impl ValuePool {
    /// Generates candidates for a field and evaluates them.
    pub(crate) fn new(input: &PoolInput<'_>, rng: &mut StdRng) -> Self {
        let field = input.field;
        let rules = field.rules.as_ref();
        let literals = Arc::new(Literals::of(rules, input.message));
        let evaluator = Evaluator::new(input.oracle, &input.message.descriptor, &field.descriptor);
        let shape = shape(field, input.holds_messages, &literals);
        let candidates = candidates(&shape, input, &evaluator, &literals, rng);
        let mut pool = Self {
            rule_ids: rule_ids_of(rules, &shape),
            evaluated: Vec::new(),
            gaps: Vec::new(),
            shape,
        };
        pool.add_unset(field, &evaluator);
        for fixture in &input.fixtures {
            pool.add_fixture(fixture, &evaluator);
        }
        for candidate in &candidates.all {
            pool.add(candidate, &evaluator);
        }
        pool.search_valid(&evaluator, rng);
        pool.assign_missing_targets(&candidates.impossible, evaluator.failure().as_deref());
        pool
    }

    fn add_unset(&mut self, field: &Field, evaluator: &Evaluator) {
        if field.descriptor.is_required() {
            return;
        }
        if let Some(broken) = evaluator.evaluate(None) {
            let targets = broken.iter().map(|rule| RuleSide {
                rule: rule.clone(),
                side: Side::Broken,
            });
            self.evaluated.push(EvaluatedValue {
                value: None,
                targets: targets
                    .filter(|target| self.rule_ids.contains(&target.rule))
                    .collect(),
                slug: "unset".to_owned(),
                description: "left unset".to_owned(),
                broken,
                size: 0,
                is_fixture: false,
            });
        }
    }

    fn add_fixture(&mut self, value: &Value, evaluator: &Evaluator) {
        if let Some(broken) = evaluator.evaluate(Some(value)) {
            self.evaluated.push(EvaluatedValue {
                value: Some(value.clone()),
                targets: Vec::new(),
                slug: "fixture".to_owned(),
                description: "a value that the configuration names".to_owned(),
                broken,
                size: evaluator.size(Some(value)),
                is_fixture: true,
            });
        }
    }

    /// Adds the first value of a candidate that is on the targeted rule side and breaks
    /// nothing else, or else the value that breaks the fewest other rules.
    fn add(&mut self, candidate: &Candidate<Value>, evaluator: &Evaluator) {
        let target = candidate
            .target
            .as_ref()
            .filter(|target| self.rule_ids.contains(&target.rule));
        let mut best: Option<(usize, &Value, BTreeSet<String>)> = None;
        for value in &candidate.values {
            let Some(broken) = evaluator.evaluate(Some(value)) else {
                continue;
            };
            let extra = match target {
                Some(RuleSide {
                    rule,
                    side: Side::Broken,
                }) if broken.contains(rule) => broken.len() - 1,
                Some(RuleSide {
                    side: Side::Kept, ..
                }) if broken.is_empty() => 0,
                Some(_) => continue,
                None => 0,
            };
            if best.as_ref().is_none_or(|(fewest, ..)| extra < *fewest) {
                best = Some((extra, value, broken));
            }
            if extra == 0 {
                break;
            }
        }
        let Some((_, value, broken)) = best else {
            return;
        };
        let targets = target.cloned();
        let size = evaluator.size(Some(value));
        let same = |it: &&mut EvaluatedValue| it.size == size && it.value.as_ref() == Some(value);
        match self.evaluated.iter_mut().find(same) {
            Some(known) => {
                let new = targets.filter(|target| !known.targets.contains(target));
                known.targets.extend(new);
            }
            None => self.evaluated.push(EvaluatedValue {
                value: Some(value.clone()),
                targets: targets.into_iter().collect(),
                slug: candidate.slug.clone(),
                description: candidate.description.clone(),
                broken,
                size,
                is_fixture: false,
            }),
        }
    }

    /// If no set value keeps all rules, tries random ones.
    fn search_valid(&mut self, evaluator: &Evaluator, rng: &mut StdRng) {
        let FieldShape::Singular(Some(site)) = &self.shape else {
            return;
        };
        if self.valid().any(|it| it.value.is_some()) {
            return;
        }
        let mut random = (0..RANDOM_VALUES).filter_map(|_| site.random(rng));
        let found = random.find(|value| {
            let broken = evaluator.evaluate(Some(value));
            broken.is_some_and(|broken| broken.is_empty())
        });
        if let Some(value) = found {
            let candidate = Candidate {
                values: vec![value],
                target: None,
                slug: "random".to_owned(),
                description: "a random value that keeps all rules".to_owned(),
            };
            self.add(&candidate, evaluator);
        }
    }

    /// Assigns each rule side that no value targets to a value that happens to be on it;
    /// if there is none, records a gap.
    fn assign_missing_targets(&mut self, impossible: &[(RuleSide, String)], failure: Option<&str>) {
        for rule in self.rule_ids.clone() {
            for side in [Side::Kept, Side::Broken] {
                let target = RuleSide {
                    rule: rule.clone(),
                    side,
                };
                if self.evaluated.iter().any(|it| it.targets.contains(&target)) {
                    continue;
                }
                let fits = |it: &&mut EvaluatedValue| match side {
                    Side::Kept => it.value.is_some() && it.broken.is_empty() && it.exercises(&rule),
                    Side::Broken => it.broken.contains(&rule),
                };
                let found = self.evaluated.iter_mut().filter(fits);
                match found.min_by_key(|it| (it.broken.len(), it.size)) {
                    Some(evaluated) => evaluated.targets.push(target),
                    None => {
                        let reason = self.gap_reason(&target, impossible, failure);
                        self.gaps.push((target, reason));
                    }
                }
            }
        }
        // A value that breaks several rules adds nothing for a rule that another value
        // breaks alone.
        let alone: BTreeSet<String> = self
            .evaluated
            .iter()
            .filter(|it| it.broken.len() == 1 && !it.targets.is_empty())
            .flat_map(|it| it.broken.clone())
            .collect();
        for evaluated in self
            .evaluated
            .iter_mut()
            .filter(|it| it.broken.len() > 1 && it.value.is_some())
        {
            evaluated
                .targets
                .retain(|target| !alone.contains(&target.rule));
        }
    }

    fn gap_reason(
        &self,
        target: &RuleSide,
        impossible: &[(RuleSide, String)],
        failure: Option<&str>,
    ) -> String {
        if let Some((_, reason)) = impossible.iter().find(|(known, _)| known == target) {
            return reason.clone();
        }
        if let Some(failure) = failure {
            return format!("values could not be evaluated: {failure}");
        }
        let count = self.evaluated.len();
        match target.side {
            Side::Kept if self.valid().all(|it| it.value.is_none()) => {
                format!(
                    "no value keeps all rules of the field: they contradict each other, or the search through {count} values gave up"
                )
            }
            Side::Kept => format!("none of {count} values exercises the rule"),
            Side::Broken => format!(
                "none of {count} values breaks it: it follows from the type or the other rules, or the search gave up"
            ),
        }
    }

    /// Explains why no value keeps all rules: what the values that break the fewest rules
    /// break.
    pub(crate) fn describe_failures(&self) -> String {
        let fewest = self
            .evaluated
            .iter()
            .map(|it| it.broken.len())
            .min()
            .unwrap_or(0);
        let nearest = self.evaluated.iter().filter(|it| it.broken.len() == fewest);
        let nearest: BTreeSet<String> = nearest
            .map(|it| {
                it.broken
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(" and ")
            })
            .collect();
        let nearest: Vec<String> = nearest.into_iter().take(4).collect();
        if nearest.is_empty() {
            "none could be evaluated".to_owned()
        } else {
            format!(
                "each of the {} values tried breaks {}",
                self.evaluated.len(),
                nearest.join(" or ")
            )
        }
    }

    /// The values that keep all rules; the unset field is one of them if it may be unset.
    pub(crate) fn valid(&self) -> impl Iterator<Item = &EvaluatedValue> {
        self.evaluated.iter().filter(|it| it.broken.is_empty())
    }

    /// The preferred valid value: a fixture if there is one, otherwise the smallest value,
    /// which is the unset field if that is valid.
    pub(crate) fn smallest(&self) -> Option<&EvaluatedValue> {
        let fixture = self.valid().find(|it| it.is_fixture);
        fixture.or_else(|| self.valid().min_by_key(|it| it.size))
    }

    /// As [`ValuePool::smallest`], but never the unset field.
    pub(crate) fn smallest_set(&self) -> Option<&EvaluatedValue> {
        let fixture = self.valid().find(|it| it.is_fixture);
        let set = self.valid().filter(|it| it.value.is_some());
        // In a field without presence, a value of no bytes is the same as unset: it comes last.
        fixture.or_else(|| set.min_by_key(|it| (it.size == 0, it.size)))
    }
}

impl EvaluatedValue {
    /// Whether the rule applies to the value: an empty list does not exercise the rules of
    /// its items.
    fn exercises(&self, rule: &str) -> bool {
        match &self.value {
            Some(Value::List(items)) => !rule.starts_with(ITEMS) || !items.is_empty(),
            Some(Value::Map(pairs)) => {
                let is_inside = [KEYS, VALUES].iter().any(|level| rule.starts_with(level));
                !is_inside || !pairs.is_empty()
            }
            _ => true,
        }
    }
}

fn candidates(
    shape: &FieldShape,
    input: &PoolInput<'_>,
    evaluator: &Evaluator,
    literals: &Literals,
    rng: &mut StdRng,
) -> Candidates<Value> {
    let rules = input.field.rules.as_ref();
    match shape {
        FieldShape::Singular(Some(site)) => {
            site.candidates(&mut |value| evaluator.evaluate(Some(value)), rng)
        }
        FieldShape::Singular(None) => messages::candidates(input, literals),
        FieldShape::List(site, ..) => {
            let lists = ListGenerator {
                element: match site {
                    Some(site) => Element::Value(site),
                    None => Element::Message(input.smallest.as_ref()),
                },
                rules: list_rules(rules),
                evaluator,
                literals,
            };
            lists.candidates(rng)
        }
        FieldShape::Map(key, site, ..) => {
            let value_kind = input.field.value_kind();
            let maps = MapGenerator {
                key,
                element: match site {
                    Some(site) => Element::Value(site),
                    None => Element::Message(input.smallest.as_ref()),
                },
                any_value: Value::default_value(&value_kind),
                any_key: input
                    .field
                    .key_kind()
                    .map_or(MapKey::Bool(false), |kind| MapKey::default_value(&kind)),
                rules: map_rules(rules),
                evaluator,
                literals,
            };
            maps.candidates(rng)
        }
    }
}
