//! Responses that protobuf allows and prost-reflect refuses. They are rewritten before they
//! are decoded.

use std::collections::HashSet;

use bytes::Buf;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};

/// What a response may contain although prost-reflect refuses it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leniency<'a> {
    /// The names of the string fields that need not be UTF-8, by `utf8_validation` of editions
    /// and always in proto2. Other bytes are replaced by U+FFFD.
    pub(super) unverified_texts: &'a HashSet<String>,
    /// Whether the server may have kept unknown fields of the request, which then come back
    /// with its values. To protobuf a field of a wrong wire type is unknown too, and groups of
    /// unknown fields may nest deeper than prost-reflect reads them. They are left out.
    pub(super) keeps_unknown_fields: bool,
}

impl Leniency<'_> {
    /// Decodes a message that prost-reflect refuses; `None` if protobuf does not allow it either.
    pub(super) fn decode(
        self,
        message: &[u8],
        descriptor: &MessageDescriptor,
    ) -> Option<DynamicMessage> {
        if self.unverified_texts.is_empty() && !self.keeps_unknown_fields {
            return None;
        }
        let rewritten = self.rewrite(message, descriptor)?;
        DynamicMessage::decode(descriptor.clone(), rewritten.as_slice()).ok()
    }

    /// The message as prost-reflect can decode it; `None` if it can't be split into fields.
    fn rewrite(self, message: &[u8], descriptor: &MessageDescriptor) -> Option<Vec<u8>> {
        let mut rest = message;
        let mut rewritten = Vec::with_capacity(message.len());
        while !rest.is_empty() {
            let start = rest;
            let (number, wire_type) = decode_key(&mut rest).ok()?;
            let field = descriptor.get_field(number);
            let is_known = field.as_ref().is_some_and(|field| allows(field, wire_type));
            if self.keeps_unknown_fields && !is_known {
                skip_unknown(number, wire_type, &mut rest)?;
                continue;
            }
            if wire_type != WireType::LengthDelimited {
                // Groups are copied as they are.
                skip_field(wire_type, number, &mut rest, DecodeContext::default()).ok()?;
                rewritten.extend_from_slice(&start[..start.len() - rest.len()]);
                continue;
            }
            let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
            let (content, after) = rest.split_at_checked(length)?;
            rest = after;
            let content = self.rewrite_content(content, field.as_ref())?;
            encode_key(number, wire_type, &mut rewritten);
            encode_varint(content.len() as u64, &mut rewritten);
            rewritten.extend(content);
        }
        Some(rewritten)
    }

    fn rewrite_content(self, content: &[u8], field: Option<&FieldDescriptor>) -> Option<Vec<u8>> {
        match field.map(|field| (field.full_name(), field.kind())) {
            Some((name, Kind::String)) if self.unverified_texts.contains(name) => {
                Some(String::from_utf8_lossy(content).into_owned().into_bytes())
            }
            Some((_, Kind::Message(nested))) => self.rewrite(content, &nested),
            _ => Some(content.to_vec()),
        }
    }
}

/// Whether a field may have this wire type. Lists of numbers may be packed or not.
fn allows(field: &FieldDescriptor, wire_type: WireType) -> bool {
    let own = match field.kind() {
        _ if field.is_group() => WireType::StartGroup,
        kind => kind.wire_type(),
    };
    let is_number = matches!(
        own,
        WireType::Varint | WireType::SixtyFourBit | WireType::ThirtyTwoBit
    );
    wire_type == own || field.is_list() && is_number && wire_type == WireType::LengthDelimited
}

/// Skips the value of a field, without recursion: groups may nest deeply.
fn skip_unknown(number: u32, wire_type: WireType, rest: &mut &[u8]) -> Option<()> {
    let mut open_groups = Vec::new();
    let (mut number, mut wire_type) = (number, wire_type);
    loop {
        let length = match wire_type {
            WireType::Varint => {
                decode_varint(rest).ok()?;
                0
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => usize::try_from(decode_varint(rest).ok()?).ok()?,
            WireType::StartGroup => {
                open_groups.push(number);
                0
            }
            WireType::EndGroup if open_groups.pop() == Some(number) => 0,
            WireType::EndGroup => return None,
        };
        if rest.len() < length {
            return None;
        }
        rest.advance(length);
        if open_groups.is_empty() {
            return Some(());
        }
        (number, wire_type) = decode_key(rest).ok()?;
    }
}
