//! Which rules of a contract were exercised, and from which sides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, Exercise, Side},
    cases::{DRAWN, REQUIRED, Uncovered, reachable},
    contract::{Contract, Message, Method},
    oracle::after_subscript,
    synth::{cel_key, keys},
};

#[cfg(test)]
mod tests;

/// Collects which rules were exercised.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Coverage {
    rules: BTreeMap<String, BTreeMap<String, Sides>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Sides {
    kept: u64,
    broken: u64,
    kept_reason: Option<String>,
    broken_reason: Option<String>,
}

/// What is known of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCoverage {
    /// The full name of the field, or of the message or oneof that declares the rule.
    pub field: String,
    /// The id of the rule, with its level within the field in front.
    pub rule: String,
    /// How many cases kept it.
    pub kept: u64,
    /// How many cases broke it.
    pub broken: u64,
    /// Why no case keeps it, where that is known.
    pub kept_reason: Option<String>,
    /// Why no case breaks it, where that is known.
    pub broken_reason: Option<String>,
}

/// How many rules were exercised from how many sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// All rules.
    pub rules: usize,
    /// Those exercised from both sides.
    pub both: usize,
    /// Those exercised from one side only.
    pub one: usize,
    /// Those not exercised.
    pub none: usize,
}

impl Coverage {
    /// Knows all rules of the messages that requests of some methods can hold.
    pub fn of<'m>(contract: &Contract, methods: impl IntoIterator<Item = &'m Method>) -> Self {
        let mut coverage = Self::default();
        for method in methods {
            let Some(request) = contract.message(&method.request) else {
                continue;
            };
            for exercise in exercises_of(contract, request) {
                coverage.sides(&exercise);
            }
        }
        coverage
    }

    fn sides(&mut self, exercise: &Exercise) -> &mut Sides {
        let rules = self.rules.entry(exercise.field.clone()).or_default();
        rules.entry(exercise.rule.clone()).or_default()
    }

    /// Counts what a case exercised. Call it for cases that were sent.
    pub fn see(&mut self, case: &Case) {
        self.see_exercises(&case.exercises);
    }

    /// Counts exercises.
    pub fn see_exercises(&mut self, exercises: &[Exercise]) {
        for exercise in exercises {
            // Rules that no request can reach are none of ours.
            let rules = self.rules.get_mut(&exercise.field);
            let Some(sides) = rules.and_then(|rules| rules.get_mut(&exercise.rule)) else {
                continue;
            };
            match exercise.side {
                Side::Kept => sides.kept += 1,
                Side::Broken => sides.broken += 1,
            }
        }
    }

    /// Notes why sides of rules have no case.
    pub fn excuse(&mut self, uncovered: &[Uncovered]) {
        for it in uncovered {
            let rules = self.rules.get_mut(&it.subject);
            let Some(sides) = rules.and_then(|rules| rules.get_mut(&it.rule)) else {
                continue;
            };
            let reason = match it.side {
                Some(Side::Kept) => &mut sides.kept_reason,
                Some(Side::Broken) => &mut sides.broken_reason,
                None => continue,
            };
            reason.get_or_insert_with(|| it.reason.clone());
        }
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (field, rules) in &other.rules {
            for (rule, theirs) in rules {
                let ours = self.rules.entry(field.clone()).or_default();
                let ours = ours.entry(rule.clone()).or_default();
                ours.kept += theirs.kept;
                ours.broken += theirs.broken;
                ours.kept_reason = ours.kept_reason.take().or(theirs.kept_reason.clone());
                ours.broken_reason = ours.broken_reason.take().or(theirs.broken_reason.clone());
            }
        }
    }

    /// All rules, by field. A reason stands only where a side was not exercised.
    pub fn report(&self) -> Vec<RuleCoverage> {
        let rules = self.rules.iter().flat_map(|(field, rules)| {
            rules.iter().map(move |(rule, sides)| RuleCoverage {
                field: field.clone(),
                rule: rule.clone(),
                kept: sides.kept,
                broken: sides.broken,
                kept_reason: sides.kept_reason.clone().filter(|_| sides.kept == 0),
                broken_reason: sides.broken_reason.clone().filter(|_| sides.broken == 0),
            })
        });
        rules.collect()
    }

    /// The numbers.
    pub fn summary(&self) -> CoverageSummary {
        let mut summary = CoverageSummary::default();
        for sides in self.rules.values().flat_map(BTreeMap::values) {
            summary.rules += 1;
            match (sides.kept > 0, sides.broken > 0) {
                (true, true) => summary.both += 1,
                (false, false) => summary.none += 1,
                _ => summary.one += 1,
            }
        }
        summary
    }
}

/// Everything that can be exercised in requests of this message.
pub(crate) fn exercises_of(contract: &Contract, request: &Message) -> BTreeSet<Exercise> {
    let mut rules: BTreeSet<(String, String)> = BTreeSet::new();
    for message in reachable(contract, request) {
        for field in &message.fields {
            let keys = keys(contract, message, field).into_iter();
            rules.extend(keys.map(|key| (field.full_name.clone(), key)));
        }
        let expressions = message.rules.cel_expression.iter().cloned();
        let whole = expressions.chain(message.rules.cel.iter().map(cel_key));
        let drawn = message.rules.oneof.iter().map(|_| DRAWN.to_owned());
        rules.extend(
            whole
                .chain(drawn)
                .map(|rule| (message.full_name.clone(), rule)),
        );
        for oneof in message.oneofs.iter().filter(|it| it.rules.required()) {
            let name = format!("{}.{}", message.full_name, oneof.name);
            rules.insert((name, REQUIRED.to_owned()));
        }
    }
    let sides = rules.into_iter().flat_map(|(field, rule)| {
        [Side::Kept, Side::Broken].map(|side| Exercise {
            field: field.clone(),
            rule: rule.clone(),
            side,
        })
    });
    sides.collect()
}

/// The full name of what declares a rule that is broken at a path of a request: a
/// field, a oneof, or a message for a rule of the whole.
pub(crate) fn declaring(
    contract: &Contract,
    request: &Message,
    path: &str,
    key: &str,
) -> Option<String> {
    let mut message = request;
    let mut rest = path;
    loop {
        if rest.is_empty() {
            return Some(message.full_name.clone());
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(field) = message.fields.iter().find(|it| it.name == name) else {
            // A oneof is named like a field.
            return Some(format!("{}.{name}", message.full_name));
        };
        let after = if after.starts_with('[') {
            after_subscript(after)
        } else {
            after
        };
        let nested = contract.message_in(field);
        match (after.strip_prefix('.'), nested) {
            (Some(below), Some(nested)) => (message, rest) = (nested, below),
            (None, Some(nested)) if is_whole(nested, key) => return Some(nested.full_name.clone()),
            _ => return Some(field.full_name.clone()),
        }
    }
}

/// Whether a rule is one of a message as a whole.
fn is_whole(message: &Message, key: &str) -> bool {
    let rules = &message.rules;
    (key == DRAWN && !rules.oneof.is_empty())
        || rules.cel_expression.iter().any(|it| it == key)
        || rules.cel.iter().any(|it| cel_key(it) == key)
}
