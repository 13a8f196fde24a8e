//! Finds numbers that a closed enum does not define. Parsers of some languages treat such a
//! field as an unknown one, so that it is unset; those of others keep the number.

use std::collections::HashSet;

use prost_reflect::{DynamicMessage, Kind, Value};

use crate::contract::Contract;

/// The closed enums of a contract, by their full names.
pub(super) struct ClosedEnums(HashSet<String>);

impl ClosedEnums {
    pub(super) fn of(contract: &Contract) -> Self {
        Self(contract.features().closed_enums.clone())
    }

    /// Whether a message contains such a number.
    pub(super) fn have_unknown_number_in(&self, message: &DynamicMessage) -> bool {
        !self.0.is_empty()
            && message
                .fields()
                .any(|(field, value)| self.is_unknown(&field.kind(), value))
    }

    fn is_unknown(&self, kind: &Kind, value: &Value) -> bool {
        match (kind, value) {
            (_, Value::Message(message)) => self.have_unknown_number_in(message),
            (_, Value::List(items)) => items.iter().any(|it| self.is_unknown(kind, it)),
            (Kind::Message(entry), Value::Map(pairs)) => {
                let kind = entry.map_entry_value_field().kind();
                pairs.values().any(|it| self.is_unknown(&kind, it))
            }
            (Kind::Enum(enumeration), Value::EnumNumber(number)) => {
                self.0.contains(enumeration.full_name()) && enumeration.get_value(*number).is_none()
            }
            _ => false,
        }
    }
}
