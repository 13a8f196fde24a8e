//! Paths of fields within a message, and the values there.

use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

/// The fields that lead from a message to a value. An empty path is the message itself.
pub(crate) type Path = Vec<FieldDescriptor>;

/// How deep messages are searched for fields.
const DEPTH: usize = 3;

/// The value at a path; the default value if it is unset. `None` for an empty path, and
/// where the path leads through a list.
pub(crate) fn value_at(message: &DynamicMessage, path: &[FieldDescriptor]) -> Option<Value> {
    let (first, rest) = path.split_first()?;
    let value = message.get_field(first);
    if rest.is_empty() {
        return Some(value.into_owned());
    }
    value_at(value.as_message()?, rest)
}

/// The message at a path.
pub(crate) fn message_at(
    message: &DynamicMessage,
    path: &[FieldDescriptor],
) -> Option<DynamicMessage> {
    let Some((last, parents)) = path.split_last() else {
        return Some(message.clone());
    };
    let parent = message_at(message, parents)?;
    parent.has_field(last).then_some(())?;
    parent.get_field(last).as_message().cloned()
}

/// Sets the value at a path, and the messages that lead to it.
pub(crate) fn set_at(message: &mut DynamicMessage, path: &[FieldDescriptor], value: Value) {
    match path {
        [] => {}
        [last] => message.set_field(last, value),
        [first, rest @ ..] => {
            if let Value::Message(inner) = message.get_field_mut(first) {
                set_at(inner, rest, value);
            }
        }
    }
}

/// Whether both fields hold values of the same type.
pub(crate) fn is_same_type(one: &FieldDescriptor, other: &FieldDescriptor) -> bool {
    one.kind() == other.kind() && one.is_list() == other.is_list() && one.is_map() == other.is_map()
}

/// The message type of a singular field, unless protobuf defines it.
pub(crate) fn nested_message(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message)
            if field.cardinality() != Cardinality::Repeated
                && !message.full_name().starts_with("google.protobuf.") =>
        {
            Some(message)
        }
        _ => None,
    }
}

/// The paths of all values of a message that are not messages themselves. Messages that
/// protobuf defines count as values.
pub(crate) fn leaves(message: &MessageDescriptor) -> Vec<Path> {
    leaves_within(message, DEPTH)
}

fn leaves_within(message: &MessageDescriptor, depth: usize) -> Vec<Path> {
    let mut found = Vec::new();
    for field in message.fields() {
        match nested_message(&field) {
            Some(nested) if depth > 1 => {
                let inner = leaves_within(&nested, depth - 1).into_iter();
                found.extend(inner.map(|path| [vec![field.clone()], path].concat()));
            }
            Some(_) => {}
            None => found.push(vec![field]),
        }
    }
    found
}

/// The path in JSON, for `jq`: `.note.noteId`.
pub(crate) fn json_path(path: &[FieldDescriptor]) -> String {
    let names = path.iter().map(|field| format!(".{}", field.json_name()));
    names.collect()
}

/// The path in the proto: `note.note_id`.
pub(crate) fn text(path: &[FieldDescriptor]) -> String {
    let names: Vec<&str> = path.iter().map(FieldDescriptor::name).collect();
    names.join(".")
}
