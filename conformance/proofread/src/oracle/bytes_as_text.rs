//! Finds bytes that are not UTF-8 where a rule in CEL may convert them with `string()`: this
//! runtime replaces such bytes, and other implementations report a runtime error.

use std::collections::HashSet;

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use crate::contract::{Contract, Rules};

/// The rules of a contract that convert something to text.
#[derive(Clone)]
pub(super) struct BytesAsText {
    /// The full names of the messages and fields that declare such a rule.
    declared_by: HashSet<String>,
}

impl BytesAsText {
    pub(super) fn of(contract: &Contract) -> Self {
        let mut declared_by = HashSet::new();
        for message in contract.messages() {
            let cel = message.rules.cel.iter().map(|rule| rule.expression());
            let expressions = message.rules.cel_expression.iter().map(String::as_str);
            if cel.chain(expressions).any(converts) {
                declared_by.insert(message.full_name.clone());
            }
            for field in &message.fields {
                let levels = field.rules.iter().flat_map(Rules::levels);
                if levels.flat_map(Rules::expressions).any(converts) {
                    declared_by.insert(field.full_name.clone());
                }
            }
        }
        Self { declared_by }
    }

    /// Whether a message has bytes that are not UTF-8 within the reach of such a rule.
    pub(super) fn is_in(&self, message: &DynamicMessage) -> bool {
        !self.declared_by.is_empty() && self.is_in_message(message, false)
    }

    fn is_in_message(&self, message: &DynamicMessage, within: bool) -> bool {
        let within = within || self.declared_by.contains(message.descriptor().full_name());
        message.fields().any(|(field, value)| {
            let within = within || self.declared_by.contains(field.full_name());
            self.is_in_value(value, within)
        })
    }

    fn is_in_value(&self, value: &Value, within: bool) -> bool {
        match value {
            Value::Bytes(bytes) => within && std::str::from_utf8(bytes).is_err(),
            Value::Message(message) => self.is_in_message(message, within),
            Value::List(items) => items.iter().any(|it| self.is_in_value(it, within)),
            Value::Map(pairs) => pairs.values().any(|it| self.is_in_value(it, within)),
            _ => false,
        }
    }
}

fn converts(expression: &str) -> bool {
    expression.contains("string(")
}
