//! Conversions of requests to domain types.

use contract::bookstore::cart::v1::{PlaceOrderRequest, ResolveParkedOrderRequest};
use service::{AccountId, ConversionError, convert};

use crate::{CartError, OrderId, PlaceOrder, Resolution, ResolveOrder};

pub(super) fn order_id(text: &str) -> Result<OrderId, ConversionError> {
    convert::uuid("order_id", text).map(OrderId)
}

pub(super) fn place_order(
    account_id: AccountId,
    request: PlaceOrderRequest,
) -> Result<PlaceOrder, ConversionError> {
    let address = convert::required("shipping_address", request.shipping_address)?;
    let method = convert::required("payment_method", request.payment_method)?;
    Ok(PlaceOrder {
        request_id: convert::uuid("request_id", &request.request_id)?,
        account_id,
        cart_etag: request.cart_etag,
        address: address.into(),
        payment_token: method.token,
    })
}

pub(super) fn resolve_order(request: ResolveParkedOrderRequest) -> Result<ResolveOrder, CartError> {
    let transaction_id = match request.transaction_id.as_str() {
        "" => None,
        id => Some(convert::uuid("transaction_id", id)?),
    };
    // The codec has refused unknown actions, so only the charge can be missing.
    let resolution = Resolution::from_parts(request.action.into(), transaction_id)
        .ok_or(CartError::ChargeNotOfOrder(transaction_id))?;
    Ok(ResolveOrder {
        request_id: convert::uuid("request_id", &request.request_id)?,
        order_id: order_id(&request.order_id)?,
        resolution,
        transaction_id,
        operator_name: request.operator_name,
        note: request.note,
    })
}
