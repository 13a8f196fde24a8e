//! Evaluates the values of one field: which rules does a value break?

use std::{cell::RefCell, collections::BTreeSet};

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, Value};

use crate::{
    contract::original_names,
    oracle::{Oracle, OracleViolation, after_subscript},
};

/// The level of the rules of list items: the prefix of their ids.
pub(crate) const ITEMS: &str = "repeated.items.";
/// The level of the rules of map keys.
pub(crate) const KEYS: &str = "map.keys.";
/// The level of the rules of map values.
pub(crate) const VALUES: &str = "map.values.";

/// Evaluates values of one field in a message in which nothing else is set.
pub(crate) struct Evaluator {
    oracle: Oracle,
    message: MessageDescriptor,
    field: FieldDescriptor,
    /// The first error of the oracle.
    failure: RefCell<Option<String>>,
}

impl Evaluator {
    pub(crate) fn new(
        oracle: &Oracle,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
    ) -> Self {
        Self {
            oracle: oracle.clone(),
            message: message.clone(),
            field: field.clone(),
            failure: RefCell::new(None),
        }
    }

    /// The ids of the rules that a value breaks, with their levels; for a rule of a
    /// nested message, the path follows first: `.title string.min_len`. `None` if the
    /// rules can't be evaluated or implementations differ on them.
    pub(crate) fn evaluate(&self, value: Option<&Value>) -> Option<BTreeSet<String>> {
        let violations = self.detailed_violations(value)?;
        let named = violations.into_iter().map(|violation| {
            let within = violation
                .path
                .strip_prefix(&*original_names(self.field.name()))
                .unwrap_or_default();
            match after_subscript(within) {
                "" => violation.qualified_rule,
                nested => format!("{nested} {}", violation.rule),
            }
        });
        // No rule says that a field must be set which its type requires.
        let missing = value.and_then(|value| self.oracle.missing_required_field_in(value));
        let missing = missing.map(|path| format!(".{path} required by its type"));
        Some(named.chain(missing).collect())
    }

    /// The rules that are broken on one level of a list or a map; the ids are without
    /// the level.
    pub(crate) fn evaluate_level(&self, level: &str, value: &Value) -> Option<BTreeSet<String>> {
        let broken = self.evaluate(Some(value))?;
        let broken = broken.iter().filter_map(|key| key.strip_prefix(level));
        Some(broken.map(str::to_owned).collect())
    }

    fn detailed_violations(&self, value: Option<&Value>) -> Option<BTreeSet<OracleViolation>> {
        let message = self.message_with(value)?;
        match self.oracle.field_violations(&message, &self.field) {
            Ok(violations) => Some(violations),
            Err(cause) => {
                self.failure.borrow_mut().get_or_insert(cause);
                None
            }
        }
    }

    /// Why the first value that could not be evaluated could not be.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    fn message_with(&self, value: Option<&Value>) -> Option<DynamicMessage> {
        let mut message = DynamicMessage::new(self.message.clone());
        if let Some(value) = value {
            message.try_set_field(&self.field, value.clone()).ok()?;
        }
        Some(message)
    }

    /// The encoded size of a value in bytes, with its tag.
    pub(crate) fn size(&self, value: Option<&Value>) -> usize {
        self.message_with(value)
            .map_or(0, |message| message.encoded_len())
    }
}
