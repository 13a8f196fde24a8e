//! Values and messages at random: mostly valid, often at an edge. Whether one is
//! valid is not asked here; who sends it asks the oracle for the whole message.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, Value};
use rand::{RngExt, rngs::StdRng};

use super::{Pool, Synth, compose::set, shape::Shape, spot::Spot};
use crate::contract::{Field, Message};

/// Values with more bytes than this come too seldom to be worth their time.
pub(crate) const BIG: usize = 4096;

impl<'c> Synth<'c> {
    /// A message at random. Nested messages are entered so many levels deep.
    pub(crate) fn random_message(
        &mut self,
        message: &'c Message,
        rng: &mut StdRng,
        depth: usize,
    ) -> DynamicMessage {
        let mut built = DynamicMessage::new(message.descriptor.clone());
        let mut groups: HashMap<&str, Vec<&'c Field>> = HashMap::new();
        for field in &message.fields {
            let drawn = message
                .rules
                .oneof
                .iter()
                .find(|it| it.fields.contains(&field.name));
            let group = field
                .oneof
                .as_deref()
                .or(drawn.and_then(|it| it.fields.first()).map(String::as_str));
            match group {
                Some(group) => groups.entry(group).or_default().push(field),
                None => {
                    let value = self.random_value(message, field, rng, depth);
                    set(&mut built, field, value);
                }
            }
        }
        // Of fields that exclude each other one is set.
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(name, _)| *name);
        for (_, fields) in groups {
            let field = fields[rng.random_range(0..fields.len())];
            let mut value = self.random_value(message, field, rng, depth);
            if value.is_none() && rng.random_bool(0.8) {
                value = self
                    .pool(message, field)
                    .smallest_set()
                    .and_then(|it| it.value.clone());
            }
            set(&mut built, field, value);
        }
        built
    }

    /// A value of a field at random; none is the field left unset.
    pub(crate) fn random_value(
        &mut self,
        message: &'c Message,
        field: &'c Field,
        rng: &mut StdRng,
        depth: usize,
    ) -> Option<Value> {
        let pool = self.pool(message, field);
        let may_be_unset = pool.valid().next().is_some_and(|it| it.value.is_none());
        let has_fixture = pool.valid().any(|it| it.is_fixture);
        if may_be_unset && rng.random_bool(0.3) {
            return None;
        }
        if (has_fixture || rng.random_bool(0.4))
            && let Some(value) = known(&pool, has_fixture, rng)
        {
            return Some(value);
        }
        let nested = self.contract.message_in(field);
        let fresh = match &pool.shape {
            Shape::One(spot) => self.random_element(spot.as_deref(), nested, rng, depth),
            Shape::List(spot, least, most) => {
                let count = random_count(*least, *most, rng);
                let unique = pool.keys.iter().any(|key| key == "repeated.unique");
                let mut items = Vec::new();
                for _ in 0..count {
                    let item = self.random_element(spot.as_deref(), nested, rng, depth);
                    items.extend(item.filter(|it| !unique || !items.contains(it)));
                }
                Some(Value::List(items))
            }
            Shape::Map(key, spot, least, most) => {
                let count = random_count(*least, *most, rng);
                let mut pairs = HashMap::new();
                for _ in 0..count {
                    let key = key.random(rng).and_then(Value::into_map_key);
                    let value = self.random_element(spot.as_deref(), nested, rng, depth);
                    pairs.extend(key.zip(value));
                }
                Some(Value::Map(pairs))
            }
        };
        fresh.or_else(|| known(&pool, false, rng))
    }

    /// A value of a field at random, of which a number is outside of its range; none
    /// where no number stands there, or has no range.
    pub(crate) fn random_outside(
        &mut self,
        message: &'c Message,
        field: &'c Field,
        rng: &mut StdRng,
    ) -> Option<Value> {
        match &self.pool(message, field).shape {
            Shape::One(Some(spot)) => spot.random_outside(rng),
            Shape::List(Some(spot), ..) => {
                let outside = spot.random_outside(rng)?;
                let mut items = match self.random_value(message, field, rng, 0) {
                    Some(Value::List(items)) => items,
                    _ => Vec::new(),
                };
                match items.len() {
                    0 => items.push(outside),
                    count => items[rng.random_range(0..count)] = outside,
                }
                Some(Value::List(items))
            }
            _ => None,
        }
    }

    fn random_element(
        &mut self,
        spot: Option<&Spot>,
        nested: Option<&'c Message>,
        rng: &mut StdRng,
        depth: usize,
    ) -> Option<Value> {
        match (spot, nested) {
            (Some(spot), _) => spot.random(rng),
            (None, Some(nested)) if depth > 0 => {
                Some(Value::Message(self.random_message(nested, rng, depth - 1)))
            }
            (None, Some(nested)) => self.smallest(nested).ok().map(Value::Message),
            (None, None) => None,
        }
    }
}

/// One of the valid values of a pool.
fn known(pool: &Pool, fixture: bool, rng: &mut StdRng) -> Option<Value> {
    let fits =
        |it: &&super::Tried| it.value.is_some() && it.is_fixture == fixture && it.size <= BIG;
    let values: Vec<_> = pool.valid().filter(fits).collect();
    match values.len() {
        0 => None,
        count => values[rng.random_range(0..count)].value.clone(),
    }
}

/// A few more than there must be.
fn random_count(least: u64, most: Option<u64>, rng: &mut StdRng) -> u64 {
    let least = least.min(50);
    let most = most.unwrap_or(u64::MAX).min(least + 4);
    rng.random_range(least..=most.max(least))
}
