//! Messages of the contract as JSON, by the mapping of protobuf with the names of the contract. So
//! an export has every field of a message, also those that the contract gets later.

use std::sync::LazyLock;

use contract::IMAGE;
use prost::Message;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, SerializeOptions};
use service::ConversionError;

/// The contract, decoded when something is exported for the first time.
static POOL: LazyLock<Result<DescriptorPool, DescriptorError>> =
    LazyLock::new(|| DescriptorPool::decode(IMAGE));

/// A message as JSON. Fields without a value are left out, and 64-bit integers are numbers.
///
/// # Errors
/// [`ConversionError`] if the contract has no message of this name, or it is another one.
pub(crate) fn to_json(
    full_name: &'static str,
    message: &impl Message,
) -> Result<String, ConversionError> {
    let invalid = |error: &dyn std::fmt::Display| ConversionError::new(full_name, error);
    let pool = POOL.as_ref().map_err(|error| invalid(error))?;
    let descriptor = pool.get_message_by_name(full_name);
    let descriptor = descriptor.ok_or_else(|| invalid(&"not in the contract"))?;
    let message = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(|error| invalid(&error))?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false);
    let mut json = serde_json::Serializer::new(Vec::new());
    message
        .serialize_with_options(&mut json, &options)
        .map_err(|error| invalid(&error))?;
    String::from_utf8(json.into_inner()).map_err(|error| invalid(&error))
}

#[cfg(test)]
mod tests {
    use contract::bookstore::cart::v1::{Order, OrderState};

    use super::*;

    #[test]
    fn message_has_the_names_of_the_contract() {
        let mut order = Order {
            order_id: "7".to_owned(),
            total: Some(contract::bookstore::r#type::v1::Money {
                currency_code: "USD".to_owned(),
                amount_minor: Some(0),
            }),
            ..Order::default()
        };
        order.set_state(OrderState::Paid);
        let json = to_json("bookstore.cart.v1.Order", &order).expect("a message");
        let expected = "{\"order_id\":\"7\",\"total\":{\"currency_code\":\"USD\",\"amount_minor\":0},\
                        \"state\":\"ORDER_STATE_PAID\"}";
        assert_eq!(json, expected);
    }

    #[test]
    fn unknown_message_is_an_error() {
        to_json("bookstore.cart.v1.Unknown", &Order::default()).expect_err("no such message");
    }
}
