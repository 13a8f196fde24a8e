//! Weighs the values of one field: which rules would a value break?

use std::{cell::RefCell, collections::BTreeSet};

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, Value};

use crate::oracle::{Breach, Oracle, after_subscript};

/// The rules of items, in front of the ids of their own.
pub(crate) const ITEMS: &str = "repeated.items.";
/// The rules of keys.
pub(crate) const KEYS: &str = "map.keys.";
/// The rules of values.
pub(crate) const VALUES: &str = "map.values.";

/// Weighs values of one field.
pub(crate) struct Scale {
    oracle: Oracle,
    message: MessageDescriptor,
    field: FieldDescriptor,
    /// Why a value could not be weighed, of the first one that could not.
    refusal: RefCell<Option<String>>,
}

impl Scale {
    pub(crate) fn new(
        oracle: &Oracle,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
    ) -> Self {
        Self {
            oracle: oracle.clone(),
            message: message.clone(),
            field: field.clone(),
            refusal: RefCell::new(None),
        }
    }

    /// The ids of the rules that a value breaks, with their levels; what is broken
    /// within nested messages has its path in front. None where the rules can't be
    /// evaluated or implementations differ on them.
    pub(crate) fn weigh(&self, value: Option<&Value>) -> Option<BTreeSet<String>> {
        let breaches = self.breaches(value)?;
        let named = breaches.into_iter().map(|breach| {
            let within = breach
                .path
                .strip_prefix(self.field.name())
                .unwrap_or_default();
            match after_subscript(within) {
                "" => breach.key,
                nested => format!("{nested} {}", breach.rule),
            }
        });
        Some(named.collect())
    }

    /// What breaks on one level of a list or a map, without the level in the ids.
    pub(crate) fn weigh_level(&self, level: &str, value: &Value) -> Option<BTreeSet<String>> {
        let broken = self.weigh(Some(value))?;
        let broken = broken.iter().filter_map(|key| key.strip_prefix(level));
        Some(broken.map(str::to_owned).collect())
    }

    fn breaches(&self, value: Option<&Value>) -> Option<BTreeSet<Breach>> {
        let message = self.alone(value)?;
        match self.oracle.breaches_of(&message, &self.field) {
            Ok(breaches) => Some(breaches),
            Err(cause) => {
                self.refusal.borrow_mut().get_or_insert(cause);
                None
            }
        }
    }

    /// Why a value could not be weighed, if there was one.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.borrow().clone()
    }

    fn alone(&self, value: Option<&Value>) -> Option<DynamicMessage> {
        let mut message = DynamicMessage::new(self.message.clone());
        if let Some(value) = value {
            message.try_set_field(&self.field, value.clone()).ok()?;
        }
        Some(message)
    }

    /// The bytes that a value takes on the wire, with its tag.
    pub(crate) fn size(&self, value: Option<&Value>) -> usize {
        self.alone(value).map_or(0, |message| message.encoded_len())
    }
}
