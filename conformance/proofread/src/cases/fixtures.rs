//! Fixtures: field values of the configuration that name existing resources.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, FieldDescriptor, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contract::Field;

/// Values for fields that must name existing resources. Valid requests use them instead
/// of generated values, if they keep the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fixtures {
    /// Values in protobuf's JSON mapping, by the full name of the field
    /// (`bookstore.inventory.v1.GetBookRequest.book_id`) or by `*.` and the name of any
    /// field (`*.book_id`). For a list field, a value is a whole list or a single item.
    pub fields: BTreeMap<String, Vec<serde_json::Value>>,
}

impl Fixtures {
    /// The values for a field; values of the wrong type are left out.
    pub(crate) fn values(&self, field: &Field) -> Vec<Value> {
        let given = self.given(field).iter();
        given.filter_map(|json| value(field, json).ok()).collect()
    }

    /// The errors of the values for a field that do not have its type.
    pub(crate) fn problems(&self, field: &Field) -> Vec<String> {
        let given = self.given(field).iter();
        given.filter_map(|json| value(field, json).err()).collect()
    }

    /// Whether there are values for a field.
    pub(crate) fn has_values(&self, field: &FieldDescriptor) -> bool {
        let any_message = format!("*.{}", field.name());
        let fields = &self.fields;
        fields.contains_key(field.full_name()) || fields.contains_key(&any_message)
    }

    fn given(&self, field: &Field) -> &[serde_json::Value] {
        let any = || self.fields.get(&format!("*.{}", field.name));
        let given = self.fields.get(&field.full_name).or_else(any);
        given.map_or(&[], Vec::as_slice)
    }
}

fn value(field: &Field, given: &serde_json::Value) -> Result<Value, String> {
    let message = field.descriptor.parent_message().clone();
    let read = |given: &serde_json::Value| {
        let json = json!({ field.name.as_str(): given });
        DynamicMessage::deserialize(message.clone(), json)
    };
    let read = match (read(given), field.descriptor.is_list()) {
        (Err(_), true) => read(&json!([given])),
        (read, _) => read,
    };
    let message = read.map_err(|error| format!("the fixture {given} does not fit: {error}"))?;
    Ok(message.get_field(&field.descriptor).into_owned())
}
