//! A message as a list of fields on the wire, for faults of a decoder.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};
use prost_reflect::MessageDescriptor;

/// One field as it is on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The number of the field.
    pub number: u32,
    /// 0 varint, 1 eight bytes, 2 with a length, 5 four bytes.
    pub wire_type: u8,
    /// What follows the key, the length with it.
    pub value: Bytes,
}

/// Takes a message apart; none if it is not well formed.
pub fn read(message: &Bytes) -> Option<Vec<Record>> {
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
        records.push(Record {
            number: u32::try_from(key >> 3).ok()?,
            wire_type: u8::try_from(key & 7).ok()?,
            value: start.slice(..length),
        });
    }
    Some(records)
}

/// Puts a message together.
pub fn write(records: &[Record]) -> Bytes {
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

/// Whether a field is on the wire that the message does not have.
pub fn has_unknown(records: &[Record], descriptor: &MessageDescriptor) -> bool {
    let mut numbers = records.iter().map(|record| record.number);
    numbers.any(|number| descriptor.get_field(number).is_none())
}

/// Keeps the first of the records of each singular field.
pub fn first_wins(records: &mut Vec<Record>, descriptor: &MessageDescriptor) {
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

/// Keeps the last of the records of each field that holds a message: what came
/// before it should have been merged into it.
pub fn last_message_only(records: &mut Vec<Record>, descriptor: &MessageDescriptor) {
    let mut seen = Vec::new();
    let mut kept: Vec<Record> = Vec::new();
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

/// Whether a list of numbers is packed, or not.
pub fn has_list(records: &[Record], descriptor: &MessageDescriptor, packed: bool) -> bool {
    records.iter().any(|record| {
        let field = descriptor.get_field(record.number);
        field.is_some_and(|field| {
            let list = field.is_list() && field.is_packed();
            list && packed == (record.wire_type == 2)
        })
    })
}

/// Whether a field comes with another wire type than it has. Lists of numbers may
/// come in two.
pub fn has_wrong_type(records: &[Record], descriptor: &MessageDescriptor) -> bool {
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
