//! Encodes parts of protobuf messages, including invalid ones.

use std::borrow::Cow;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::contract::original_names;

/// The wire types of protobuf.
pub(super) const VARINT: u64 = 0;
pub(super) const FIXED64: u64 = 1;
pub(super) const LENGTH: u64 = 2;
pub(super) const GROUP: u64 = 3;
pub(super) const END_GROUP: u64 = 4;
pub(super) const FIXED32: u64 = 5;

/// Encodes a varint with the fewest bytes.
pub(super) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Encodes a varint with `length` bytes, more than it needs.
pub(super) fn long_varint(value: u64, length: usize) -> Vec<u8> {
    let mut bytes = varint(value);
    while bytes.len() < length {
        if let Some(last) = bytes.last_mut() {
            *last |= 0x80;
        }
        bytes.push(0);
    }
    bytes
}

/// Encodes the key of a field: its number and wire type.
pub(super) fn key(number: u32, wire_type: u64) -> Vec<u8> {
    varint(u64::from(number) << 3 | wire_type)
}

/// Encodes a field with an arbitrary wire type and payload.
pub(super) fn field(number: u32, wire_type: u64, payload: &[u8]) -> Vec<u8> {
    [key(number, wire_type), payload.to_vec()].concat()
}

/// Encodes a length-delimited field.
pub(super) fn delimited(number: u32, payload: &[u8]) -> Vec<u8> {
    let length = varint(payload.len() as u64);
    [key(number, LENGTH), length, payload.to_vec()].concat()
}

/// Encodes a field that holds a message: as a group, or with its length in front.
pub(super) fn message_field(descriptor: &FieldDescriptor, payload: &[u8]) -> Vec<u8> {
    let number = descriptor.number();
    if descriptor.is_group() {
        [key(number, GROUP), payload.to_vec(), key(number, END_GROUP)].concat()
    } else {
        delimited(number, payload)
    }
}

/// The name of a field in the contract.
pub(super) fn name_of(field: &FieldDescriptor) -> Cow<'_, str> {
    original_names(field.name())
}

/// A field number that the message neither uses nor reserves.
pub(super) fn unused_field_number(message: &MessageDescriptor) -> u32 {
    let reserved: Vec<_> = message.reserved_ranges().collect();
    let free = |number: &u32| {
        message.get_field(*number).is_none() && !reserved.iter().any(|range| range.contains(number))
    };
    (15_000..18_000).find(free).unwrap_or(18_999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_and_fields_match_the_examples_of_protobuf() {
        assert_eq!(varint(150), [0x96, 0x01]);
        assert_eq!(varint(u64::MAX).len(), 10);
        assert_eq!(long_varint(1, 3), [0x81, 0x80, 0x00]);
        assert_eq!(
            delimited(2, b"testing"),
            [&[0x12, 7], b"testing".as_slice()].concat()
        );
    }
}
