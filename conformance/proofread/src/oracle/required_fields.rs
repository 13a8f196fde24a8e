//! Finds messages that lack a required field of proto2 or of an edition. No rule says that such
//! a field must be set, but parsers of many languages refuse messages without it.

use std::collections::HashSet;

use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};

use crate::contract::Contract;

/// The message types of a contract that have required fields.
pub(super) struct RequiredFields {
    /// The full names of the types that have a required field, or can contain a message
    /// that has one.
    types: HashSet<String>,
}

impl RequiredFields {
    pub(super) fn of(contract: &Contract) -> Self {
        let mut types = contract.features().with_required_fields.clone();
        let mut found = !types.is_empty();
        while found {
            let containing = contract.pool().all_messages().filter(|message| {
                let kinds = message.fields().map(|field| field.kind());
                let mut nested = kinds.filter_map(|kind| kind.as_message().cloned());
                !types.contains(message.full_name())
                    && nested.any(|nested| types.contains(nested.full_name()))
            });
            let containing: Vec<String> = containing.map(|it| it.full_name().to_owned()).collect();
            found = !containing.is_empty();
            types.extend(containing);
        }
        Self { types }
    }

    /// The path of the first required field that is not set: `books[].title`.
    pub(super) fn first_missing(&self, message: &DynamicMessage) -> Option<String> {
        let descriptor = message.descriptor();
        if !self.types.contains(descriptor.full_name()) {
            return None;
        }
        let mut fields = descriptor.fields();
        fields.find_map(|field| {
            if !message.has_field(&field) {
                return field.is_required().then(|| field.name().to_owned());
            }
            if !matches!(field.kind(), Kind::Message(_)) {
                return None;
            }
            let (brackets, missing) = match message.get_field(&field).as_ref() {
                Value::Message(nested) => ("", self.first_missing(nested)),
                Value::List(items) => ("[]", self.first_missing_in(items.iter())),
                Value::Map(pairs) => ("{}", self.first_missing_in(pairs.values())),
                _ => return None,
            };
            missing.map(|missing| format!("{}{brackets}.{missing}", field.name()))
        })
    }

    fn first_missing_in<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Option<String> {
        let mut messages = values.filter_map(Value::as_message);
        messages.find_map(|message| self.first_missing(message))
    }

    /// As [`RequiredFields::first_missing`], within the value of a field.
    pub(super) fn first_missing_in_value(&self, value: &Value) -> Option<String> {
        match value {
            Value::Message(message) => self.first_missing(message),
            Value::List(items) => self.first_missing_in(items.iter()),
            Value::Map(pairs) => self.first_missing_in(pairs.values()),
            _ => None,
        }
    }
}
