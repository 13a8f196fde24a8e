//! Splits a message into its encoded fields, for faults that imitate a wrong decoder.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};
use prost_reflect::MessageDescriptor;

use crate::{call::Call, image};

/// One encoded field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireField {
    /// The field number.
    pub number: u32,
    /// 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes.
    pub wire_type: u8,
    /// The bytes after the tag, including the length of a length-delimited field.
    pub value: Bytes,
}

/// Splits a message into fields; `None` if it is malformed.
pub fn read(message: &Bytes) -> Option<Vec<WireField>> {
    let mut rest = message.clone();
    let mut records = Vec::new();
    while rest.has_remaining() {
        let key = decode_varint(&mut rest).ok()?;
        let start = rest.clone();
        let length = match key & 7 {
            0 => {
                decode_varint(&mut rest).ok()?;
                start.len() - rest.len()
            }
            1 => 8,
            2 => {
                let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
                (start.len() - rest.len()).checked_add(length)?
            }
            5 => 4,
            _ => return None,
        };
        if start.len() < length {
            return None;
        }
        rest = start.slice(length..);
        records.push(WireField {
            number: u32::try_from(key >> 3).ok()?,
            wire_type: u8::try_from(key & 7).ok()?,
            value: start.slice(..length),
        });
    }
    Some(records)
}

/// Concatenates fields to a message.
pub fn write(records: &[WireField]) -> Bytes {
    let mut message = BytesMut::new();
    for record in records {
        encode_varint(
            u64::from(record.number) << 3 | u64::from(record.wire_type),
            &mut message,
        );
        message.put_slice(&record.value);
    }
    message.freeze()
}

/// Whether the message contains a field number that its descriptor does not define.
pub fn has_unknown(records: &[WireField], descriptor: &MessageDescriptor) -> bool {
    let mut numbers = records.iter().map(|record| record.number);
    numbers.any(|number| descriptor.get_field(number).is_none())
}

/// The unknown fields of the messages of a call, encoded. Groups are left out.
pub fn unknown_fields(call: &Call) -> Bytes {
    let Some(method) = image::method(&call.path) else {
        return Bytes::new();
    };
    let fields = call.messages.iter().filter_map(read).flatten();
    let unknown = fields.filter(|field| method.input().get_field(field.number).is_none());
    write(&unknown.collect::<Vec<_>>())
}

/// Keeps only the first occurrence of each singular field.
pub fn keep_first_occurrence(records: &mut Vec<WireField>, descriptor: &MessageDescriptor) {
    let mut seen = BTreeMap::new();
    records.retain(|record| {
        let singular = descriptor
            .get_field(record.number)
            .is_some_and(|field| !field.is_list() && !field.is_map());
        let times = seen.entry(record.number).or_insert(0);
        *times += 1;
        !singular || *times == 1
    });
}

/// Keeps only the last occurrence of each message field, which a correct decoder would
/// merge with the previous ones.
pub fn keep_last_message(records: &mut Vec<WireField>, descriptor: &MessageDescriptor) {
    let mut seen = Vec::new();
    let mut kept: Vec<WireField> = Vec::new();
    for record in records.drain(..).rev() {
        let message = descriptor.get_field(record.number).is_some_and(|field| {
            !field.is_list() && !field.is_map() && field.kind().as_message().is_some()
        });
        if !message || !seen.contains(&record.number) {
            seen.push(record.number);
            kept.push(record);
        }
    }
    kept.reverse();
    *records = kept;
}

/// Whether a packable list is encoded packed (`packed`) or unpacked (not `packed`).
pub fn has_list(records: &[WireField], descriptor: &MessageDescriptor, packed: bool) -> bool {
    records.iter().any(|record| {
        let field = descriptor.get_field(record.number);
        field.is_some_and(|field| {
            let list = field.is_list() && field.is_packed();
            list && packed == (record.wire_type == 2)
        })
    })
}

/// Whether a field has a wire type that its declared type does not allow. Packable lists
/// allow two wire types.
pub fn has_wrong_type(records: &[WireField], descriptor: &MessageDescriptor) -> bool {
    use prost_reflect::Kind::{
        Bytes, Double, Fixed32, Fixed64, Float, Message, Sfixed32, Sfixed64, String,
    };
    records.iter().any(|record| {
        let Some(field) = descriptor.get_field(record.number) else {
            return false;
        };
        let wanted = match field.kind() {
            Double | Fixed64 | Sfixed64 => 1,
            Float | Fixed32 | Sfixed32 => 5,
            String | Bytes | Message(_) => 2,
            _ => 0,
        };
        record.wire_type != wanted && !(field.is_list() && record.wire_type == 2)
    })
}
