//! Random values and messages: mostly valid, often at a boundary. They are not evaluated
//! here; the caller evaluates the whole message.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, Value};
use rand::{RngExt, rngs::StdRng};

use super::{
    MessageGenerator, ValuePool, compose::set_field, field_shape::FieldShape, value_site::ValueSite,
};
use crate::contract::{Field, Message};

/// Values with more bytes than this are left out of random messages: they cost time and
/// rarely find anything.
pub(crate) const LARGE_VALUE_BYTES: usize = 4096;

impl<'c> MessageGenerator<'c> {
    /// A random message. Messages nested deeper than `depth` levels are the smallest valid
    /// ones.
    pub(crate) fn random_message(
        &mut self,
        message: &'c Message,
        rng: &mut StdRng,
        depth: usize,
    ) -> DynamicMessage {
        let mut built = DynamicMessage::new(message.descriptor.clone());
        let mut groups: HashMap<&str, Vec<&'c Field>> = HashMap::new();
        for field in &message.fields {
            let oneof_rule = message
                .rules
                .oneof
                .iter()
                .find(|it| it.fields.contains(&field.name));
            let group = field.oneof.as_deref().or(oneof_rule
                .and_then(|it| it.fields.first())
                .map(String::as_str));
            match group {
                Some(group) => groups.entry(group).or_default().push(field),
                None => {
                    let value = self.random_value(message, field, rng, depth);
                    set_field(&mut built, field, value);
                }
            }
        }
        // Set one field of each group of fields that exclude each other.
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
            set_field(&mut built, field, value);
        }
        built
    }

    /// A random value of a field; `None` leaves it unset.
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
            && let Some(value) = pick_valid(&pool, has_fixture, rng)
        {
            return Some(value);
        }
        let nested = self.contract.message_in(field);
        let fresh = match &pool.shape {
            FieldShape::Singular(site) => self.random_element(site.as_deref(), nested, rng, depth),
            FieldShape::List(site, min, max) => {
                let count = random_count(*min, *max, rng);
                let unique = pool.rule_ids.iter().any(|key| key == "repeated.unique");
                let mut items = Vec::new();
                for _ in 0..count {
                    let item = self.random_element(site.as_deref(), nested, rng, depth);
                    items.extend(item.filter(|it| !unique || !items.contains(it)));
                }
                Some(Value::List(items))
            }
            FieldShape::Map(key, site, min, max) => {
                let count = random_count(*min, *max, rng);
                let mut pairs = HashMap::new();
                for _ in 0..count {
                    let key = key.random(rng).and_then(Value::into_map_key);
                    let value = self.random_element(site.as_deref(), nested, rng, depth);
                    pairs.extend(key.zip(value));
                }
                Some(Value::Map(pairs))
            }
        };
        fresh.or_else(|| pick_valid(&pool, false, rng))
    }

    /// A random value of a field in which a number, duration or timestamp is outside of its
    /// range; `None` for fields of other types or without a range.
    pub(crate) fn random_outside(
        &mut self,
        message: &'c Message,
        field: &'c Field,
        rng: &mut StdRng,
    ) -> Option<Value> {
        match &self.pool(message, field).shape {
            FieldShape::Singular(Some(site)) => site.random_outside(rng),
            FieldShape::List(Some(site), ..) => {
                let outside = site.random_outside(rng)?;
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
        site: Option<&ValueSite>,
        nested: Option<&'c Message>,
        rng: &mut StdRng,
        depth: usize,
    ) -> Option<Value> {
        match (site, nested) {
            (Some(site), _) => site.random(rng),
            (None, Some(nested)) if depth > 0 => {
                Some(Value::Message(self.random_message(nested, rng, depth - 1)))
            }
            (None, Some(nested)) => self.smallest(nested).ok().map(Value::Message),
            (None, None) => None,
        }
    }
}

/// A random valid value of a pool: one of the fixtures, or one of the others.
fn pick_valid(pool: &ValuePool, fixture: bool, rng: &mut StdRng) -> Option<Value> {
    let fits = |it: &&super::EvaluatedValue| {
        it.value.is_some() && it.is_fixture == fixture && it.size <= LARGE_VALUE_BYTES
    };
    let values: Vec<_> = pool.valid().filter(fits).collect();
    match values.len() {
        0 => None,
        count => values[rng.random_range(0..count)].value.clone(),
    }
}

/// A random number of elements, at most four above the minimum, which is capped at 50.
fn random_count(min: u64, max: Option<u64>, rng: &mut StdRng) -> u64 {
    let min = min.min(50);
    let max = max.unwrap_or(u64::MAX).min(min + 4);
    rng.random_range(min..=max.max(min))
}
