//! Conditions of access on a request, evaluated before the request is decoded.

use bytes::Buf;
use prost::{
    DecodeError,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

/// A condition on a request: one of its fields is set, or is unset. The field is singular
/// and in no oneof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The name of the field: `cart_id`.
    pub field: &'static str,
    /// The number of the field.
    pub number: u32,
    /// Whether the field is set as soon as it is present, even with its default value. If
    /// not, it is a string or bytes, and empty means unset.
    pub explicit_presence: bool,
    /// Whether the field has to be set, or else unset.
    pub set: bool,
}

impl Condition {
    /// Whether the condition holds for an encoded message. It agrees with what the
    /// decoded message has in the field. `None` only for a message that cannot be decoded.
    pub fn holds(&self, message: &[u8]) -> Option<bool> {
        let is_set = self.is_set(message).ok()?;
        Some(is_set == self.set)
    }

    /// As in decoding, the last occurrence of the field counts.
    fn is_set(&self, mut message: &[u8]) -> Result<bool, DecodeError> {
        let mut is_set = false;
        while message.has_remaining() {
            let (number, wire_type) = decode_key(&mut message)?;
            let mut value = message;
            skip_field(wire_type, number, &mut message, DecodeContext::default())?;
            if number == self.number {
                is_set = self.explicit_presence
                    || (wire_type == WireType::LengthDelimited && decode_varint(&mut value)? > 0);
            }
        }
        Ok(is_set)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;
    use crate::bookstore::{cart::v1::PutItemRequest, inventory::v1::SetStockRequest};

    fn condition(number: u32, explicit_presence: bool) -> Condition {
        Condition {
            field: "field",
            number,
            explicit_presence,
            set: true,
        }
    }

    /// Fields of a message on the wire, in any order and number, some of them unknown or
    /// of a wrong type.
    fn fields() -> impl Strategy<Value = Vec<u8>> {
        let field = prop_oneof![
            "[a-z]{0,3}".prop_map(|text| [&[0x0a, text.len() as u8], text.as_bytes()].concat()),
            any::<u8>().prop_map(|value| vec![0x10, value & 0x7f]),
            any::<u8>().prop_map(|value| vec![0x08, value & 0x7f]),
            Just(vec![0x52, 0x00]),
            Just(vec![0x0a, 0x80, 0x00]),
            prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(field, 0..6).prop_map(|fields| fields.concat())
    }

    proptest! {
        #[test]
        fn condition_agrees_with_the_decoded_message(bytes in fields()) {
            let is_set = condition(1, false);
            let is_unset = Condition { set: false, ..is_set };
            if let Ok(request) = PutItemRequest::decode(bytes.as_slice()) {
                prop_assert_eq!(is_set.holds(&bytes), Some(!request.cart_id.is_empty()));
                prop_assert_eq!(is_unset.holds(&bytes), Some(request.cart_id.is_empty()));
            }
            if let Ok(request) = SetStockRequest::decode(bytes.as_slice()) {
                let expected = Some(request.on_hand.is_some());
                prop_assert_eq!(condition(2, true).holds(&bytes), expected);
            }
        }
    }

    #[test]
    fn no_condition_holds_for_a_message_that_is_cut_off() {
        let is_set = condition(1, false);
        let is_unset = Condition {
            set: false,
            ..is_set
        };
        assert_eq!(is_set.holds(b"\x0a\x01a"), Some(true));
        assert_eq!(is_unset.holds(b""), Some(true));
        for condition in [is_set, is_unset] {
            assert_eq!(condition.holds(b"\x0a\x01a\x10"), None, "{condition:?}");
        }
    }
}
