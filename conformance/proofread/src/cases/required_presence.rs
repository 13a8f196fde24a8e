//! Finds `required` fields of proto2, which proofread does not support yet: decoders refuse
//! messages without them, and no rule says so.

use std::collections::HashSet;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

/// The first `required` field of a message or of one that it can contain.
pub(super) fn first_required_field(message: &MessageDescriptor) -> Option<FieldDescriptor> {
    let mut open = vec![message.clone()];
    let mut seen = HashSet::new();
    while let Some(message) = open.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            if field.cardinality() == Cardinality::Required {
                return Some(field);
            }
            if let Kind::Message(nested) = field.kind() {
                open.push(nested);
            }
        }
    }
    None
}
