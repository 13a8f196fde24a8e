//! Values from rules: valid ones, the smallest and those at the edges, and ones
//! that break a single rule as little as can be.
//!
//! Nothing here is believed because it was constructed: each value is weighed by
//! the [`Oracle`](crate::oracle::Oracle), and one that does not do what it was
//! made for is thrown away.
//!
//! From the inside out: a *spot* is where one value stands (a field, an item, a
//! key), and knows what to try there; a *pool* holds the values of one field that
//! are worth sending, with what each breaks; [`Synth`] puts messages together.

mod candidate;
mod compose;
mod formats;
mod integers;
mod lists;
mod literals;
mod maps;
mod messages;
mod octets;
mod pattern;
mod pool;
mod random;
mod real;
mod scale;
mod shape;
mod spot;
mod text;
mod times;
mod whole;

use std::{collections::HashMap, sync::Arc};

use prost_reflect::{DynamicMessage, Value};
use rand::{SeedableRng, rngs::StdRng};

pub(crate) use candidate::Aim;
pub(crate) use compose::{Pin, set};
pub(crate) use pool::{Pool, Tried};
pub(crate) use random::BIG;
pub(crate) use shape::keys;
pub(crate) use spot::cel_key;

use crate::{
    cases::Fixtures,
    contract::{Contract, Field, Message},
    oracle::Oracle,
};

/// Makes values and messages for one contract. What was found out about a field is
/// kept.
pub(crate) struct Synth<'c> {
    pub(crate) contract: &'c Contract,
    pub(crate) oracle: Oracle,
    pub(crate) fixtures: &'c Fixtures,
    pools: HashMap<&'c str, Arc<Pool>>,
    smallest: HashMap<&'c str, Result<DynamicMessage, String>>,
    /// The messages whose smallest one is being looked for.
    open: Vec<&'c str>,
    /// Whether one of them was asked for again meanwhile.
    met_itself: bool,
}

impl<'c> Synth<'c> {
    pub(crate) fn new(contract: &'c Contract, oracle: Oracle, fixtures: &'c Fixtures) -> Self {
        Self {
            contract,
            oracle,
            fixtures,
            pools: HashMap::new(),
            smallest: HashMap::new(),
            open: Vec::new(),
            met_itself: false,
        }
    }

    /// The values of a field that are worth sending.
    pub(crate) fn pool(&mut self, message: &'c Message, field: &'c Field) -> Arc<Pool> {
        if let Some(pool) = self.pools.get(field.full_name.as_str()) {
            return Arc::clone(pool);
        }
        let nested = self.contract.message_in(field);
        let met_before = std::mem::replace(&mut self.met_itself, false);
        let smallest = nested.and_then(|nested| self.smallest(nested).ok());
        let material = pool::Material {
            oracle: &self.oracle,
            message,
            field,
            holds_messages: nested.is_some(),
            smallest,
            fixtures: self.fixtures.values(field),
        };
        let pool = Arc::new(Pool::new(&material, &mut rng_of(&field.full_name)));
        // What was found while a message is not known yet is not the last word.
        if !self.met_itself {
            self.pools.insert(&field.full_name, Arc::clone(&pool));
        }
        self.met_itself |= met_before;
        pool
    }

    /// The smallest valid message.
    ///
    /// # Errors
    /// When none was found, with the reason.
    pub(crate) fn smallest(&mut self, message: &'c Message) -> Result<DynamicMessage, String> {
        let name = message.full_name.as_str();
        if let Some(known) = self.smallest.get(name) {
            return known.clone();
        }
        if self.open.contains(&name) {
            self.met_itself = true;
            return Err(format!("{name} needs itself without end"));
        }
        self.open.push(name);
        let built = self.compose(message, &[]);
        self.open.pop();
        let found = match built.strays.is_empty() {
            true => Ok(built.message),
            false => Err(format!(
                "no valid {name} was found: {}",
                built.strays.join("; ")
            )),
        };
        if found.is_ok() || !self.met_itself || self.open.is_empty() {
            self.smallest.insert(name, found.clone());
        }
        if self.open.is_empty() {
            self.met_itself = false;
        }
        found
    }
}

/// Chance that is the same in every run, for everything that is made for a name.
pub(crate) fn rng_of(name: &str) -> StdRng {
    StdRng::seed_from_u64(hash(name))
}

/// FNV-1a: the hash of the standard library is free to change.
pub(crate) fn hash(text: &str) -> u64 {
    let bytes = text.bytes();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A value in a few words, for people.
pub(crate) fn shown(value: Option<&Value>) -> String {
    const LONGEST: usize = 60;
    let Some(value) = value else {
        return "unset".to_owned();
    };
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        value => value.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
        None => text,
    }
}
