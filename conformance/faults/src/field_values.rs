//! Reads fields of dynamic messages by name.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

/// The value of a top-level field; `None` if the field has presence and is absent.
pub fn value_if_present(message: &DynamicMessage, name: &str) -> Option<Value> {
    let field = message.descriptor().get_field_by_name(name)?;
    if field.supports_presence() && !message.has_field(&field) {
        return None;
    }
    Some(message.get_field(&field).into_owned())
}

/// Whether the field is absent, or zero if it has no presence.
pub fn is_unset(message: &DynamicMessage, name: &str) -> bool {
    let field = message.descriptor().get_field_by_name(name);
    field.is_some_and(|field| !message.has_field(&field))
}

/// Whether the value is zero, empty, or a message without fields.
pub fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(it) => !it,
        Value::I32(it) | Value::EnumNumber(it) => *it == 0,
        Value::I64(it) => *it == 0,
        Value::U32(it) => *it == 0,
        Value::U64(it) => *it == 0,
        Value::F32(it) => *it == 0.0,
        Value::F64(it) => *it == 0.0,
        Value::String(it) => it.is_empty(),
        Value::Bytes(it) => it.is_empty(),
        Value::Message(it) => it.fields().next().is_none(),
        Value::List(it) => it.is_empty(),
        Value::Map(it) => it.is_empty(),
    }
}

/// The items of a list field; empty if it is absent.
pub fn items(message: &DynamicMessage, name: &str) -> Vec<Value> {
    match value_if_present(message, name) {
        Some(Value::List(items)) => items,
        _ => Vec::new(),
    }
}

/// The value of an integer or enum field of any type.
pub fn integer(message: &DynamicMessage, name: &str) -> Option<i128> {
    match value_if_present(message, name)? {
        Value::I32(it) | Value::EnumNumber(it) => Some(it.into()),
        Value::I64(it) => Some(it.into()),
        Value::U32(it) => Some(it.into()),
        Value::U64(it) => Some(it.into()),
        _ => None,
    }
}

/// The value of a string field; empty if it is absent.
pub fn text(message: &DynamicMessage, name: &str) -> String {
    match value_if_present(message, name) {
        Some(Value::String(it)) => it,
        _ => String::new(),
    }
}

/// The seconds and nanoseconds of a duration or timestamp field.
pub fn time(message: &DynamicMessage, name: &str) -> Option<(i64, i32)> {
    let value = value_if_present(message, name)?;
    let time = value.as_message()?;
    let seconds = time.get_field_by_name("seconds")?.as_i64()?;
    let nanos = time.get_field_by_name("nanos")?.as_i32()?;
    Some((seconds, nanos))
}
