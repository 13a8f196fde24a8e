//! Values that name something that exists.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contract::Field;

/// Values for fields that must name something that exists. They are used in valid
/// requests in place of made up ones, if the rules allow them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fixtures {
    /// By the full name of the field (`bookstore.inventory.v1.GetBookRequest.book_id`)
    /// or for all fields of a name (`*.book_id`), as protobuf's JSON writes them. For
    /// a list, either whole lists or single items.
    pub fields: BTreeMap<String, Vec<serde_json::Value>>,
}

impl Fixtures {
    /// The values for a field.
    pub(crate) fn values(&self, field: &Field) -> Vec<Value> {
        let given = self.given(field).iter();
        given.filter_map(|json| value(field, json).ok()).collect()
    }

    /// What is wrong with the values for a field, as far as its type can say it.
    pub(crate) fn problems(&self, field: &Field) -> Vec<String> {
        let given = self.given(field).iter();
        given.filter_map(|json| value(field, json).err()).collect()
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
