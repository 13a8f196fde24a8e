//! Conversions of requests to domain types.

use contract::bookstore::transactions::v1::{
    ChargeRequest, RefundRequest, ResolveParkedPaymentRequest,
};
use service::{ConversionError, convert};

use crate::{PaymentAction, RefundId, ResolvePayment, TransactionId};

pub(super) fn transaction_id(text: &str) -> Result<TransactionId, ConversionError> {
    convert::uuid("transaction_id", text).map(TransactionId)
}

pub(super) fn charge_request(
    request: ChargeRequest,
) -> Result<crate::ChargeRequest, ConversionError> {
    let method = convert::required("payment_method", request.payment_method)?;
    let email = request.receipt_email;
    Ok(crate::ChargeRequest {
        request_id: convert::uuid("request_id", &request.request_id)?,
        amount: convert::money("amount", request.amount)?,
        token: method.token,
        reference: request.reference,
        account_id: convert::optional_account_id("account_id", &request.account_id)?,
        receipt_email: (!email.is_empty()).then_some(email),
    })
}

pub(super) fn refund_request(
    request: RefundRequest,
) -> Result<crate::RefundRequest, ConversionError> {
    let amount = request
        .amount
        .map(|amount| convert::money("amount", Some(amount)));
    Ok(crate::RefundRequest {
        request_id: convert::uuid("request_id", &request.request_id)?,
        transaction_id: transaction_id(&request.transaction_id)?,
        amount: amount.transpose()?,
        reason: request.reason,
    })
}

pub(super) fn resolve_payment(
    request: ResolveParkedPaymentRequest,
) -> Result<ResolvePayment, ConversionError> {
    let action = PaymentAction::from_number(request.action.into());
    let refund_id = convert::optional_uuid("refund_id", &request.refund_id)?;
    let provider_charge_id = Some(request.provider_charge_id);
    Ok(ResolvePayment {
        request_id: convert::uuid("request_id", &request.request_id)?,
        transaction_id: transaction_id(&request.transaction_id)?,
        refund_id: refund_id.map(RefundId),
        action: action.ok_or_else(|| ConversionError::new("action", request.action))?,
        provider_charge_id: provider_charge_id.filter(|id| !id.is_empty()),
        fee_minor: request.fee_minor,
        operator_name: request.operator_name,
        note: request.note,
    })
}
