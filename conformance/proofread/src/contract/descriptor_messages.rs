//! Descriptors as dynamic messages. Unlike the types of `prost-types` they have editions and
//! features, and keep options that other files define.

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

/// Decodes a `FileDescriptorProto`.
///
/// # Errors
/// When the bytes are none.
pub(super) fn decode(file: &[u8]) -> Result<DynamicMessage, String> {
    DynamicMessage::decode(descriptor()?, file).map_err(|error| error.to_string())
}

fn descriptor() -> Result<MessageDescriptor, String> {
    const NAME: &str = "google.protobuf.FileDescriptorProto";
    let descriptor = DescriptorPool::global().get_message_by_name(NAME);
    descriptor.ok_or_else(|| format!("{NAME} is not known"))
}

/// Whether a message type is that of the entries of a map.
pub(super) fn is_map_entry(message: &DynamicMessage) -> bool {
    let options = message.get_field_by_name("options");
    let options = options.as_deref().and_then(Value::as_message);
    let entry = options.and_then(|options| options.get_field_by_name("map_entry"));
    entry.as_deref().and_then(Value::as_bool) == Some(true)
}

/// The elements of a list of messages.
pub(super) fn elements<'m>(
    message: &'m mut DynamicMessage,
    list: &str,
) -> impl Iterator<Item = &'m mut DynamicMessage> {
    let list = match message.get_field_by_name_mut(list) {
        Some(Value::List(list)) => list.as_mut_slice(),
        _ => &mut [],
    };
    list.iter_mut().filter_map(Value::as_message_mut)
}

/// A text; empty if it is not set.
pub(super) fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// A number or the number of an enum.
pub(super) fn number(message: &DynamicMessage, field: &str) -> i32 {
    match message.get_field_by_name(field).as_deref() {
        Some(Value::EnumNumber(number) | Value::I32(number)) => *number,
        _ => 0,
    }
}

/// The full name of an element.
pub(super) fn joined(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        scope => format!("{scope}.{name}"),
    }
}

/// The default JSON name of a field as protoc computes it: underscores are dropped and
/// the characters after them are capitalised.
pub(crate) fn json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        match character {
            '_' => upper = true,
            _ if upper => {
                json.push(character.to_ascii_uppercase());
                upper = false;
            }
            _ => json.push(character),
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_are_those_of_protoc() {
        assert_eq!(json_name("page_token"), "pageToken");
        assert_eq!(json_name("a__b_1_c"), "aB1C");
        assert_eq!(json_name("plain"), "plain");
    }
}
