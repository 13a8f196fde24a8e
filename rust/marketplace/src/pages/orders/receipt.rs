//! The form that sends the receipt of an order again.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use contract::bookstore::transactions::v1::ResendReceiptRequest;

use super::{Problem, failed, order_page, see_other};
use crate::{
    forms::{SentForm, too_many_attempts},
    refusal::{Refusal, call_for},
    shop::Shop,
    visitor::Visitor,
};

/// `POST /orders/receipt`: sends one mail for each request id, however often the form is sent.
pub(crate) async fn send_receipt(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current();
    let order_id = sent.text("order_id");
    let request_id = sent.text("request_id");
    let request = ResendReceiptRequest {
        request_id: request_id.clone(),
        transaction_id: sent.text("transaction_id"),
    };
    let (client, deadline) = (&shop.clients.transactions, shop.action_deadline());
    let problem = match call_for!(visitor, deadline, client, resend_receipt, request) {
        Ok(_) => return see_other(&format!("/orders/{order_id}?done=receipt")),
        Err(Refusal::Unavailable) => Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            // It may have been sent already.
            receipt_request: Some(request_id),
            ..Problem::new(
                "We can’t send the receipt at the moment. Please try again in a moment; the \
                 order itself is not affected."
                    .to_owned(),
            )
        },
        Err(Refusal::Declared { reason, .. }) if reason == "RECEIPT_NONE" => {
            Problem::new("This payment has no receipt.".to_owned())
        }
        Err(
            refusal @ Refusal::Declared {
                retry_after: Some(_),
                ..
            },
        ) => Problem::new(format!(
            "This receipt was sent several times already. {}",
            too_many_attempts(&refusal)
        )),
        Err(refusal) => return failed(&shop, &refusal, "/orders"),
    };
    order_page(&shop, &order_id, None, Some(problem)).await
}
