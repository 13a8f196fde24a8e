//! Text in fields that need not be UTF-8, by `utf8_validation` of editions and always in proto2.
//! prost-reflect refuses other bytes in any string field, so they are replaced before a
//! response is decoded.

use std::collections::HashSet;

use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};
use prost_reflect::{Kind, MessageDescriptor};

/// The message with U+FFFD in place of the bytes that are not UTF-8, in the fields that
/// `unverified` names; `None` if it can't be split into fields.
pub(super) fn replaced(
    message: &[u8],
    descriptor: &MessageDescriptor,
    unverified: &HashSet<String>,
) -> Option<Vec<u8>> {
    let mut rest = message;
    let mut replaced_message = Vec::with_capacity(message.len());
    while !rest.is_empty() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        let field = descriptor.get_field(number);
        if wire_type != WireType::LengthDelimited {
            // Groups are copied as they are.
            skip_field(wire_type, number, &mut rest, DecodeContext::default()).ok()?;
            replaced_message.extend_from_slice(&start[..start.len() - rest.len()]);
            continue;
        }
        let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
        let (content, after) = rest.split_at_checked(length)?;
        rest = after;
        let content = match field
            .as_ref()
            .map(|field| (field.full_name(), field.kind()))
        {
            Some((name, Kind::String)) if unverified.contains(name) => {
                String::from_utf8_lossy(content).into_owned().into_bytes()
            }
            Some((_, Kind::Message(nested))) => replaced(content, &nested, unverified)?,
            _ => content.to_vec(),
        };
        encode_key(number, wire_type, &mut replaced_message);
        encode_varint(content.len() as u64, &mut replaced_message);
        replaced_message.extend(content);
    }
    Some(replaced_message)
}
