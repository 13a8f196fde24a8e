//! The form by which the operator decides about a parked charge or refund.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use contract::bookstore::transactions::v1::{
    ParkedRefund, PaymentAction, PaymentResolution, ResolveParkedPaymentRequest,
};

use super::{payment_page, read};
use crate::{
    currency,
    forms::{Field, Form, SentForm},
    operator::{access::Operator, call, decision::Decision},
    pages::{account::date, see_other},
    shop::Shop,
};

const ACTIONS_FOR_CHARGES: [(&str, &str); 4] = [
    ("0", "Choose one"),
    ("1", "Ask the payment provider again"),
    ("2", "Mark as charged"),
    ("3", "Mark as not charged"),
];

const ACTIONS_FOR_REFUNDS: [(&str, &str); 4] = [
    ("0", "Choose one"),
    ("1", "Ask the payment provider again"),
    ("2", "Mark as paid back"),
    ("3", "Mark as not paid back"),
];

/// `POST /operator/payments/resolve`
pub(crate) async fn resolve(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let payment = match read(&shop, &clients, &sent.text("transaction_id")).await {
        Ok(payment) => payment,
        Err(response) => return response,
    };
    let id = payment.transaction_id.clone();
    let amount = payment.amount.clone().unwrap_or_default();
    let form = || resolve_form(&id, payment.parked_refund.as_ref()).filled(&sent);
    let fee = match sent.text("fee").as_str() {
        "" => Some(0),
        text => currency::parse(text, &amount.currency_code),
    };
    let Some(fee_minor) = fee else {
        let mut form = form();
        let mut fields = form.fields.iter_mut();
        if let Some(field) = fields.find(|field| field.path == "fee") {
            field.error = Some("Write an amount such as 0.30.".to_owned());
        }
        return payment_page(&shop, payment, None, Some(form));
    };
    let request = ResolveParkedPaymentRequest {
        request_id: sent.text("request_id"),
        transaction_id: id.clone(),
        refund_id: sent.text("refund_id"),
        action: sent.number("action"),
        provider_charge_id: sent.text("provider_charge_id"),
        fee_minor,
        operator_name: sent.text("operator_name"),
        note: sent.text("note"),
    };
    let deadline = shop.action_deadline();
    match call!(
        deadline,
        clients.transactions,
        resolve_parked_payment,
        request
    ) {
        Ok(_) => see_other(&format!("/operator/payments/{id}?done=resolved")),
        Err(refusal) => {
            let form = form().refused(&refusal, explain);
            payment_page(&shop, payment, None, Some(form))
        }
    }
}

fn explain(reason: &str) -> String {
    match reason {
        "PAYMENT_NOT_PARKED" => "The payment is not parked any more: somebody else has decided.",
        "PROVIDER_CHARGE_ID_MISSING" => {
            "Write the id of the charge at the payment provider, so that it can be paid back."
        }
        "FEE_TOO_LARGE" => "The fee is more than the amount of the charge.",
        "RESOLUTION_NOT_POSSIBLE" => {
            "This is not possible: the provider has decided, or may have forgotten the request, or \
             the charge has refunds. Choose another way."
        }
        _ => "Transactions refuses this decision.",
    }
    .to_owned()
}

/// The form for a refund that is parked, or for the charge if none is.
pub(super) fn resolve_form(transaction_id: &str, refund: Option<&ParkedRefund>) -> Form {
    let actions = match refund {
        Some(_) => &ACTIONS_FOR_REFUNDS,
        None => &ACTIONS_FOR_CHARGES,
    };
    let refund_id = refund.map_or("", |refund| refund.refund_id.as_str());
    let form = Form::new("/operator/payments/resolve", "Decide")
        .hidden("transaction_id", transaction_id)
        .hidden("refund_id", refund_id)
        .request_id()
        .field(Field::new("action", "What has happened", "text", "off").options(actions));
    let form = if refund.is_none() {
        let hint = "Only for a charge that was not known as successful: look it up at the provider";
        form.field(Field::new("provider_charge_id", "Id at the provider", "text", "off").hint(hint))
            .field(
                Field::new("fee", "Fee of the provider", "text", "off")
                    .hint("Only for such a charge: empty if there was none"),
            )
    } else {
        form
    };
    form.field(Field::new("operator_name", "Your name", "text", "name"))
        .field(Field::new("note", "What you have found out", "text", "off"))
}

pub(super) fn decision(resolution: PaymentResolution) -> Decision {
    let is_refund = !resolution.refund_id.is_empty();
    let action = match resolution.action() {
        PaymentAction::Retry => "Ask the payment provider again",
        PaymentAction::MarkSucceeded if is_refund => "Mark as paid back",
        PaymentAction::MarkSucceeded => "Mark as charged",
        PaymentAction::MarkFailed if is_refund => "Mark as not paid back",
        PaymentAction::MarkFailed => "Mark as not charged",
        PaymentAction::Unspecified => "Unknown",
    };
    Decision {
        day: date(resolution.create_time),
        operator_name: resolution.operator_name,
        action,
        subject: "refund",
        subject_id: resolution.refund_id,
        note: resolution.note,
        parked_reason: resolution.parked_reason,
    }
}
