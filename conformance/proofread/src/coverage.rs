//! Rule coverage: which rules of a contract were kept and broken by the cases sent.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, RuleTarget, Side},
    cases::{CoverageGap, ONEOF_RULE, REQUIRED_RULE, reachable},
    contract::{Contract, Message, Method},
    generator::{cel_rule_id, rule_ids},
    oracle::after_subscript,
};

#[cfg(test)]
mod tests;

/// Counts how often each rule was kept and broken.
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

/// The coverage of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCoverage {
    /// The full name of the field, or of the message or oneof that declares the rule.
    pub field: String,
    /// The id of the rule, with its level within the field in front.
    pub rule: String,
    /// The number of cases that kept it.
    pub kept: u64,
    /// The number of cases that broke it.
    pub broken: u64,
    /// Why no case keeps it, if that is known.
    pub kept_reason: Option<String>,
    /// Why no case breaks it, if that is known.
    pub broken_reason: Option<String>,
}

/// The number of rules by how many of their sides were exercised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// All rules.
    pub rules: usize,
    /// Rules both kept and broken.
    pub both: usize,
    /// Rules only kept or only broken.
    pub one: usize,
    /// Rules neither kept nor broken.
    pub none: usize,
}

impl Coverage {
    /// An empty count of all rules of the messages that requests of these methods can
    /// contain.
    pub fn of<'m>(contract: &Contract, methods: impl IntoIterator<Item = &'m Method>) -> Self {
        let mut coverage = Self::default();
        for method in methods {
            let Some(request) = contract.message(&method.request) else {
                continue;
            };
            for target in targets_of(contract, request) {
                coverage.sides(&target);
            }
        }
        coverage
    }

    fn sides(&mut self, target: &RuleTarget) -> &mut Sides {
        let rules = self.rules.entry(target.field.clone()).or_default();
        rules.entry(target.rule.clone()).or_default()
    }

    /// Counts the targets of a case. Call it once for each case that was sent.
    pub fn record(&mut self, case: &Case) {
        self.record_targets(&case.exercises);
    }

    /// Counts targets.
    pub fn record_targets(&mut self, exercises: &[RuleTarget]) {
        for target in exercises {
            // Only rules that a request can reach are counted.
            let rules = self.rules.get_mut(&target.field);
            let Some(sides) = rules.and_then(|rules| rules.get_mut(&target.rule)) else {
                continue;
            };
            match target.side {
                Side::Kept => sides.kept += 1,
                Side::Broken => sides.broken += 1,
            }
        }
    }

    /// Stores why rule sides have no case; the first reason for a side stays.
    pub fn record_gaps(&mut self, uncovered: &[CoverageGap]) {
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

    /// Adds the counts of another coverage.
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

    /// All rules, sorted by field. A reason is present only if the side has no case.
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

    /// The totals.
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

/// All rule sides of a request message and the messages that it can contain.
pub(crate) fn targets_of(contract: &Contract, request: &Message) -> BTreeSet<RuleTarget> {
    let mut rules: BTreeSet<(String, String)> = BTreeSet::new();
    for message in reachable(contract, request) {
        for field in &message.fields {
            let rule_ids = rule_ids(contract, message, field).into_iter();
            rules.extend(rule_ids.map(|key| (field.full_name.clone(), key)));
        }
        let expressions = message.rules.cel_expression.iter().cloned();
        let expressions_and_ids = expressions.chain(message.rules.cel.iter().map(cel_rule_id));
        let oneof_rules = message.rules.oneof.iter().map(|_| ONEOF_RULE.to_owned());
        rules.extend(
            expressions_and_ids
                .chain(oneof_rules)
                .map(|rule| (message.full_name.clone(), rule)),
        );
        for oneof in message.oneofs.iter().filter(|it| it.rules.required()) {
            let name = format!("{}.{}", message.full_name, oneof.name);
            rules.insert((name, REQUIRED_RULE.to_owned()));
        }
    }
    let sides = rules.into_iter().flat_map(|(field, rule)| {
        [Side::Kept, Side::Broken].map(|side| RuleTarget {
            field: field.clone(),
            rule: rule.clone(),
            side,
        })
    });
    sides.collect()
}

/// The full name of the element that declares a rule that is broken at a path of a
/// request: a field, a oneof, or a message if the rule is about the whole message.
pub(crate) fn declaring_element(
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
            // The path of a violation names a oneof like a field.
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
            (None, Some(nested)) if is_message_rule(nested, key) => {
                return Some(nested.full_name.clone());
            }
            _ => return Some(field.full_name.clone()),
        }
    }
}

/// Whether a rule is declared by a message, not by one of its fields.
fn is_message_rule(message: &Message, key: &str) -> bool {
    let rules = &message.rules;
    (key == ONEOF_RULE && !rules.oneof.is_empty())
        || rules.cel_expression.iter().any(|it| it == key)
        || rules.cel.iter().any(|it| cel_rule_id(it) == key)
}
