//! Converts messages between the binary format and the JSON mapping of proto3.
//!
//! As the mapping says, fields with their default value are left out, except those that tell
//! an unset value from the default; 64-bit numbers are strings, and enums are names, or numbers
//! if the contract has no name for one. Requests may have names of fields in both spellings
//! (`bookId`, `book_id`), enums by number, 64-bit numbers as numbers, and `null` for unset.
//!
//! Unknown fields are ignored, as in the binary format: a client may know a newer contract. The
//! unknown name of an enum value is refused, because its number, and so what the client asks
//! for, cannot be known.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, SerializeOptions,
};
use serde_json::Value;
use tonic::Status;

/// Reads a message as JSON and returns its binary format. The error is for the client.
pub(super) fn to_proto(message: &MessageDescriptor, json: &[u8]) -> Result<Bytes, Status> {
    let read = match read(message, json) {
        // Most clients do not send unknown fields, and the first attempt has the place of a
        // syntax error.
        Ok(message) => message,
        Err(error) if error.is_data() => {
            let value = serde_json::from_slice(json);
            let value = value.map_err(|_| unreadable(message, &error))?;
            read_value(message, value)?
        }
        Err(error) => return Err(unreadable(message, &error)),
    };
    Ok(read.encode_to_vec().into())
}

/// Like [`to_proto`], for JSON that was put together.
pub(super) fn value_to_proto(message: &MessageDescriptor, json: Value) -> Result<Bytes, Status> {
    Ok(read_value(message, json)?.encode_to_vec().into())
}

/// Writes a message in the binary format as JSON. It fails only if a server sends what its own
/// contract does not allow, such as a date after the year 9999.
pub(super) fn from_proto(message: &MessageDescriptor, bytes: Bytes) -> Result<Bytes, Status> {
    let decoded = decode(message, bytes)?;
    let mut json = serde_json::Serializer::new(Vec::with_capacity(256));
    decoded
        .serialize_with_options(&mut json, &SerializeOptions::new())
        .map_err(|error| unwritable(message, &error))?;
    Ok(json.into_inner().into())
}

/// Writes one field of a message as JSON, also with its default value.
pub(super) fn field_from_proto(
    message: &MessageDescriptor,
    bytes: Bytes,
    field: &str,
) -> Result<Bytes, Status> {
    let mut json = decode(message, bytes)?
        .serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new())
        .map_err(|error| unwritable(message, &error))?;
    let field = message.get_field_by_name(field);
    let value = field.map(|field| match json[field.json_name()].take() {
        Value::Null if field.is_list() => Value::Array(Vec::new()),
        value => value,
    });
    Ok(value.unwrap_or_default().to_string().into())
}

fn decode(message: &MessageDescriptor, bytes: Bytes) -> Result<DynamicMessage, Status> {
    let decoded = DynamicMessage::decode(message.clone(), bytes);
    decoded.map_err(|error| unwritable(message, &error))
}

fn unwritable(message: &MessageDescriptor, error: &dyn std::error::Error) -> Status {
    let name = message.full_name();
    Status::internal(format!(
        "the message {name} cannot be written as JSON: {error}"
    ))
}

fn read(message: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let options = DeserializeOptions::new();
    let read = DynamicMessage::deserialize_with_options(message.clone(), &mut json, &options)?;
    json.end()?;
    Ok(read)
}

fn read_value(message: &MessageDescriptor, mut json: Value) -> Result<DynamicMessage, Status> {
    remove_unknown_fields(message, &mut json);
    let options = DeserializeOptions::new();
    DynamicMessage::deserialize_with_options(message.clone(), json, &options)
        .map_err(|error| unreadable(message, &error))
}

fn remove_unknown_fields(message: &MessageDescriptor, value: &mut Value) {
    // The well-known types have forms of their own.
    let Value::Object(fields) = value else { return };
    if message.full_name().starts_with("google.protobuf.") {
        return;
    }
    fields.retain(|name, value| {
        let field = message.get_field_by_json_name(name);
        let Some(field) = field.or_else(|| message.get_field_by_name(name)) else {
            return false;
        };
        match (field.kind(), value) {
            (Kind::Message(entry), Value::Object(entries)) if field.is_map() => {
                if let Kind::Message(message) = entry.map_entry_value_field().kind() {
                    let values = entries.values_mut();
                    values.for_each(|value| remove_unknown_fields(&message, value));
                }
            }
            (Kind::Message(message), Value::Array(elements)) => {
                let elements = elements.iter_mut();
                elements.for_each(|value| remove_unknown_fields(&message, value));
            }
            (Kind::Message(message), value) => remove_unknown_fields(&message, value),
            _ => {}
        }
        true
    });
}

fn unreadable(message: &MessageDescriptor, error: &serde_json::Error) -> Status {
    let name = message.name();
    Status::invalid_argument(format!("the JSON of {name} cannot be read: {error}"))
}
