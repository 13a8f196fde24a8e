//! Generates values and messages from the rules of a contract: the smallest valid
//! ones, values at the boundaries, and values that break exactly one rule, as
//! narrowly as possible.
//!
//! No value is trusted because of how it was constructed. The
//! [`Oracle`](crate::oracle::Oracle) evaluates each candidate, and a candidate that
//! does not keep or break the rule it was made for is dropped.
//!
//! From the inside out:
//! - a [value site](value_site) is a position for one value (a singular field, a list
//!   item, a map key or a map value); it generates the candidates for that position;
//! - a [`ValuePool`] holds the evaluated candidates of one field, each with the rules
//!   that it breaks;
//! - [`MessageGenerator`] composes messages from the values of the pools.

mod bytes;
mod candidate;
mod compose;
mod evaluator;
mod field_shape;
mod floats;
mod formats;
mod integer_range;
mod integers;
mod lists;
mod literals;
mod maps;
mod messages;
mod pattern;
mod pool;
mod random;
mod strings;
mod times;
mod value_site;
mod well_known_types;

use std::{collections::HashMap, sync::Arc};

use prost_reflect::{DynamicMessage, Value};
use rand::{SeedableRng, rngs::StdRng};

pub(crate) use candidate::RuleSide;
pub(crate) use compose::{Pin, set_field};
pub(crate) use field_shape::rule_ids;
pub(crate) use pool::{EvaluatedValue, ValuePool};
pub(crate) use random::LARGE_VALUE_BYTES;
pub(crate) use value_site::cel_rule_id;

use crate::{
    cases::Fixtures,
    contract::{Contract, Field, Message},
    oracle::Oracle,
};

/// Generates values and messages for one contract, and caches the pool of each field
/// and the smallest valid instance of each message.
pub(crate) struct MessageGenerator<'c> {
    pub(crate) contract: &'c Contract,
    pub(crate) oracle: Oracle,
    pub(crate) fixtures: &'c Fixtures,
    pools: HashMap<&'c str, Arc<ValuePool>>,
    smallest: HashMap<&'c str, Result<DynamicMessage, String>>,
    /// The messages whose smallest valid instance is being computed, outermost first.
    in_progress: Vec<&'c str>,
    /// Whether one of the messages in progress was requested again, so that the results
    /// found meanwhile are preliminary and must not be cached.
    cycle_found: bool,
}

impl<'c> MessageGenerator<'c> {
    pub(crate) fn new(contract: &'c Contract, oracle: Oracle, fixtures: &'c Fixtures) -> Self {
        Self {
            contract,
            oracle,
            fixtures,
            pools: HashMap::new(),
            smallest: HashMap::new(),
            in_progress: Vec::new(),
            cycle_found: false,
        }
    }

    /// The evaluated values of a field, computed once for each field.
    pub(crate) fn pool(&mut self, message: &'c Message, field: &'c Field) -> Arc<ValuePool> {
        if let Some(pool) = self.pools.get(field.full_name.as_str()) {
            return Arc::clone(pool);
        }
        let nested = self.contract.message_in(field);
        let cycle_found_before = std::mem::replace(&mut self.cycle_found, false);
        let smallest = nested.and_then(|nested| self.smallest(nested).ok());
        let input = pool::PoolInput {
            oracle: &self.oracle,
            message,
            field,
            holds_messages: nested.is_some(),
            smallest,
            fixtures: self.fixtures.values(field),
        };
        let pool = Arc::new(ValuePool::new(&input, &mut rng_of(&field.full_name)));
        // Within a cycle the nested message is not known yet, so this pool is incomplete.
        if !self.cycle_found {
            self.pools.insert(&field.full_name, Arc::clone(&pool));
        }
        self.cycle_found |= cycle_found_before;
        pool
    }

    /// The smallest valid instance of a message.
    ///
    /// # Errors
    /// When no valid instance was found; the error says why.
    pub(crate) fn smallest(&mut self, message: &'c Message) -> Result<DynamicMessage, String> {
        let name = message.full_name.as_str();
        if let Some(known) = self.smallest.get(name) {
            return known.clone();
        }
        if self.in_progress.contains(&name) {
            self.cycle_found = true;
            return Err(format!("{name} requires itself without end"));
        }
        self.in_progress.push(name);
        let built = self.compose(message, &[]);
        self.in_progress.pop();
        let found = if built.remaining_violations.is_empty() {
            Ok(built.message)
        } else {
            Err(format!(
                "no valid {name} was found: {}",
                built.remaining_violations.join("; ")
            ))
        };
        if found.is_ok() || !self.cycle_found || self.in_progress.is_empty() {
            self.smallest.insert(name, found.clone());
        }
        if self.in_progress.is_empty() {
            self.cycle_found = false;
        }
        found
    }
}

/// A random number generator seeded by a name, so that what is generated for that name
/// is the same in every run.
pub(crate) fn rng_of(name: &str) -> StdRng {
    StdRng::seed_from_u64(hash(name))
}

/// FNV-1a. The hash of the standard library may change between Rust releases, and seeds
/// must not.
pub(crate) fn hash(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

/// As [`hash`], of bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A value as text for people, cut after 60 characters; `unset` for none.
pub(crate) fn display_value(value: Option<&Value>) -> String {
    const MAX_CHARACTERS: usize = 60;
    let Some(value) = value else {
        return "unset".to_owned();
    };
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        value => value.to_string(),
    };
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
        None => text,
    }
}
