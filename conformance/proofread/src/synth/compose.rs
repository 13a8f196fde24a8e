//! Messages from values: all fields as small as they may be, some of them pinned,
//! and a search where the rules of the message as a whole ask for more.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, Value};
use rand::{RngExt, rngs::StdRng};

use super::{Synth, rng_of};
use crate::{
    contract::{Field, Message},
    oracle::Breach,
};

/// How many messages a search looks at.
const STEPS: usize = 1500;

/// How many where a field is pinned: often its value is what the others can't make
/// up for.
const STEPS_AROUND: usize = 150;

/// A field with the value that it is to have, or to be unset.
#[derive(Debug, Clone)]
pub(crate) struct Pin<'c> {
    pub(crate) field: &'c Field,
    pub(crate) value: Option<Value>,
}

/// A message, and what is wrong with it outside of the pinned fields.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) message: DynamicMessage,
    pub(crate) strays: Vec<String>,
}

impl<'c> Synth<'c> {
    /// The smallest message that is valid but for its pinned fields, as far as one
    /// is found.
    pub(crate) fn compose(&mut self, message: &'c Message, pins: &[Pin<'c>]) -> Built {
        let mut problems = Vec::new();
        let mut built = match (pins.is_empty(), self.known_smallest(message)) {
            (false, Some(known)) => known,
            _ => self.filled(message, pins, &mut problems),
        };
        for pin in pins {
            set(&mut built, pin.field, pin.value.clone());
        }
        let names: Vec<&str> = pins.iter().map(|pin| pin.field.name.as_str()).collect();
        let mut strays = self.strays(&built, &names);
        if !strays.is_empty() && problems.is_empty() {
            let mut rng = rng_of(&message.full_name);
            let goal = |breaches: &BTreeSet<Breach>| outside(breaches, &names).len();
            if let Some(better) = self.search(message, &built, &names, &goal, &mut rng) {
                built = better;
                strays = self.strays(&built, &names);
            }
        }
        problems.extend(strays);
        Built {
            message: built,
            strays: problems,
        }
    }

    fn known_smallest(&self, message: &Message) -> Option<DynamicMessage> {
        self.smallest.get(message.full_name.as_str())?.clone().ok()
    }

    /// All fields but the pinned ones as small as they may be.
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
                // Which member of a oneof is set is decided below.
                Some(tried) if field.oneof.is_none() || tried.is_fixture => {
                    if let Some(value) = &tried.value {
                        set(&mut built, field, Some(value.clone()));
                    }
                }
                Some(_) => {}
                None if field.oneof.is_some() => {}
                None => problems.push(format!(
                    "no value of {} keeps its rules: {}",
                    field.name,
                    pool.what_breaks()
                )),
            }
        }
        let real = message.oneofs.iter().filter(|it| it.rules.required());
        let drawn = message.rules.oneof.iter().filter(|it| it.required());
        let groups = real.map(|it| &it.fields).chain(drawn.map(|it| &it.fields));
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
                set(&mut built, field, Some(value));
            }
        }
        built
    }

    /// What a message breaks outside of some of its fields.
    fn strays(&self, built: &DynamicMessage, pinned: &[&str]) -> Vec<String> {
        match self.oracle.breaches(built) {
            Ok(breaches) => outside(&breaches, pinned),
            Err(cause) => vec![cause],
        }
    }

    /// Looks for a message of which the goal is zero, by changing the fields that
    /// are not pinned.
    pub(crate) fn search(
        &mut self,
        message: &'c Message,
        start: &DynamicMessage,
        pinned: &[&str],
        goal: &dyn Fn(&BTreeSet<Breach>) -> usize,
        rng: &mut StdRng,
    ) -> Option<DynamicMessage> {
        let free: Vec<&Field> = message
            .fields
            .iter()
            .filter(|field| !pinned.contains(&field.name.as_str()))
            .collect();
        let score = |synth: &Self, message: &DynamicMessage| match synth.oracle.breaches(message) {
            Ok(breaches) => goal(&breaches),
            Err(_) => usize::MAX,
        };
        let mut best = start.clone();
        let mut far = score(self, &best);
        let steps = if pinned.is_empty() {
            STEPS
        } else {
            STEPS_AROUND
        };
        for _ in 0..steps {
            if far == 0 {
                return Some(best);
            }
            if free.is_empty() {
                return None;
            }
            let mut changed = best.clone();
            for _ in 0..rng.random_range(1..=3) {
                let field = free[rng.random_range(0..free.len())];
                let value = self.random_value(message, field, rng, 1);
                set(&mut changed, field, value);
            }
            let now = score(self, &changed);
            if now <= far {
                (best, far) = (changed, now);
            }
        }
        (far == 0).then_some(best)
    }
}

/// Sets a field or clears it.
pub(crate) fn set(message: &mut DynamicMessage, field: &Field, value: Option<Value>) {
    match value {
        // The pool only holds values that fit; another one leaves the field as it is.
        Some(value) => drop(message.try_set_field(&field.descriptor, value)),
        None => message.clear_field(&field.descriptor),
    }
}

/// Whether a path leads into a field.
pub(crate) fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn outside(breaches: &BTreeSet<Breach>, fields: &[&str]) -> Vec<String> {
    let strays = breaches
        .iter()
        .filter(|breach| !fields.iter().any(|field| is_within(&breach.path, field)));
    let named = strays.map(|breach| match breach.path.as_str() {
        "" => breach.rule.clone(),
        path => format!("{path} breaks {}", breach.rule),
    });
    named.collect()
}
