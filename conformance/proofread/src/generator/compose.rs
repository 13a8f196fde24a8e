//! Composes messages from field values: pinned fields get their value, all others their
//! smallest valid one. If the message breaks a rule all the same, a random local search
//! over the other fields follows.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, Value};
use rand::{RngExt, rngs::StdRng};

use super::{MessageGenerator, rng_of};
use crate::{
    contract::{Field, Message},
    oracle::OracleViolation,
};

/// The number of messages that a search evaluates.
const STEPS: usize = 1500;

/// The same if a field is pinned. It is smaller because often no values of the other
/// fields make up for the pinned one.
const STEPS_WITH_PINS: usize = 150;

/// A field with a prescribed value; `None` leaves it unset.
#[derive(Debug, Clone)]
pub(crate) struct Pin<'c> {
    pub(crate) field: &'c Field,
    pub(crate) value: Option<Value>,
}

/// A message, and the violations in it outside of the pinned fields.
#[derive(Debug)]
pub(crate) struct ComposedMessage {
    pub(crate) message: DynamicMessage,
    pub(crate) remaining_violations: Vec<String>,
}

impl<'c> MessageGenerator<'c> {
    /// The smallest message whose fields are valid except for the pinned ones. If none is
    /// found, the best attempt is returned with its remaining violations.
    pub(crate) fn compose(&mut self, message: &'c Message, pins: &[Pin<'c>]) -> ComposedMessage {
        let mut problems = Vec::new();
        let mut built = match (pins.is_empty(), self.known_smallest(message)) {
            (false, Some(known)) => known,
            _ => self.filled(message, pins, &mut problems),
        };
        for pin in pins {
            set_field(&mut built, pin.field, pin.value.clone());
        }
        let names: Vec<&str> = pins.iter().map(|pin| pin.field.name.as_str()).collect();
        let mut remaining_violations = self.remaining_violations(&built, &names);
        if !remaining_violations.is_empty() && problems.is_empty() {
            let mut rng = rng_of(&message.full_name);
            let goal = |violations: &BTreeSet<OracleViolation>| {
                violations_outside(violations, &names).len()
            };
            if let Some(better) = self.search(message, &built, &names, &goal, &mut rng) {
                built = better;
                remaining_violations = self.remaining_violations(&built, &names);
            }
        }
        problems.extend(remaining_violations);
        ComposedMessage {
            message: built,
            remaining_violations: problems,
        }
    }

    fn known_smallest(&self, message: &Message) -> Option<DynamicMessage> {
        self.smallest.get(message.full_name.as_str())?.clone().ok()
    }

    /// A message with the smallest valid value in each field that is not pinned.
    fn filled(
        &mut self,
        message: &'c Message,
        pins: &[Pin<'c>],
        problems: &mut Vec<String>,
    ) -> DynamicMessage {
        let mut built = DynamicMessage::new(message.descriptor.clone());
        let pinned = |field: &Field| pins.iter().any(|pin| pin.field.name == field.name);
        for field in message.fields.iter().filter(|field| !pinned(field)) {
            let pool = self.pool(message, field);
            match pool.smallest() {
                // The loop over oneofs below sets at most one of their members.
                Some(evaluated) if field.oneof.is_none() || evaluated.is_fixture => {
                    if let Some(value) = &evaluated.value {
                        set_field(&mut built, field, Some(value.clone()));
                    }
                }
                Some(_) => {}
                None if field.oneof.is_some() => {}
                None => problems.push(format!(
                    "no value of {} keeps its rules: {}",
                    field.name,
                    pool.describe_failures()
                )),
            }
        }
        let declared = message.oneofs.iter().filter(|it| it.rules.required());
        let by_rule = message.rules.oneof.iter().filter(|it| it.required());
        let groups = declared
            .map(|it| &it.fields)
            .chain(by_rule.map(|it| &it.fields));
        for names in groups {
            let members: Vec<&Field> = message
                .fields
                .iter()
                .filter(|it| names.contains(&it.name))
                .collect();
            if members.iter().any(|it| built.has_field(&it.descriptor)) {
                continue;
            }
            let settable = members
                .into_iter()
                .filter(|field| !pinned(field))
                .find_map(|field| {
                    let pool = self.pool(message, field);
                    let value = pool.smallest_set()?.value.clone()?;
                    Some((field, value))
                });
            if let Some((field, value)) = settable {
                set_field(&mut built, field, Some(value));
            }
        }
        built
    }

    /// The violations of a message outside of the pinned fields, as text.
    fn remaining_violations(&self, built: &DynamicMessage, pinned: &[&str]) -> Vec<String> {
        match self.oracle.detailed_violations(built) {
            Ok(violations) => violations_outside(&violations, pinned),
            Err(cause) => vec![cause],
        }
    }

    /// Searches for a message for which `goal` returns zero, by giving the fields that
    /// are not pinned random values. A change is kept if `goal` does not get worse.
    pub(crate) fn search(
        &mut self,
        message: &'c Message,
        start: &DynamicMessage,
        pinned: &[&str],
        goal: &dyn Fn(&BTreeSet<OracleViolation>) -> usize,
        rng: &mut StdRng,
    ) -> Option<DynamicMessage> {
        let free: Vec<&Field> = message
            .fields
            .iter()
            .filter(|field| !pinned.contains(&field.name.as_str()))
            .collect();
        let score = |generator: &Self, message: &DynamicMessage| match generator
            .oracle
            .detailed_violations(message)
        {
            Ok(violations) => goal(&violations),
            Err(_) => usize::MAX,
        };
        let mut best = start.clone();
        let mut distance = score(self, &best);
        let steps = if pinned.is_empty() {
            STEPS
        } else {
            STEPS_WITH_PINS
        };
        for _ in 0..steps {
            if distance == 0 {
                return Some(best);
            }
            if free.is_empty() {
                return None;
            }
            let mut changed = best.clone();
            for _ in 0..rng.random_range(1..=3) {
                let field = free[rng.random_range(0..free.len())];
                let value = self.random_value(message, field, rng, 1);
                set_field(&mut changed, field, value);
            }
            let now = score(self, &changed);
            if now <= distance {
                (best, distance) = (changed, now);
            }
        }
        (distance == 0).then_some(best)
    }
}

/// Sets a field, or clears it if the value is `None`.
pub(crate) fn set_field(message: &mut DynamicMessage, field: &Field, value: Option<Value>) {
    match value {
        // Pools hold only values of the right type; for any other the field stays as it is.
        Some(value) => drop(message.try_set_field(&field.descriptor, value)),
        None => message.clear_field(&field.descriptor),
    }
}

/// Whether a path is that of a field or of something in it.
pub(crate) fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn violations_outside(violations: &BTreeSet<OracleViolation>, fields: &[&str]) -> Vec<String> {
    let remaining_violations = violations
        .iter()
        .filter(|violation| !fields.iter().any(|field| is_within(&violation.path, field)));
    let named = remaining_violations.map(|violation| match violation.path.as_str() {
        "" => violation.rule.clone(),
        path => format!("{path} breaks {}", violation.rule),
    });
    named.collect()
}
