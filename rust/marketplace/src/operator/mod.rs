//! The pages of the operator, under `/operator`: orders, payments, stock, reviews, the audit,
//! the outboxes and injected faults.
//!
//! The operator signs in with the operator token. The cookie has the random id of a session of
//! this process and not the token, so whoever steals it can use these pages until it expires,
//! and can make no call of a service. The calls carry the token that the process was started
//! with: see [`OperatorClients`](crate::OperatorClients).

mod access;
mod audit;
mod decision;
mod faults;
mod list;
mod order;
mod orders;
mod outbox;
mod payment;
mod payments;
mod reviews;
mod sessions;
mod stock;

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};

pub(crate) use sessions::{OperatorSessions, SESSION_AGE};

use crate::{
    pages::{see_other, service_unavailable},
    refusal::Refusal,
    shop::Shop,
};
use access::Operator;

/// The areas of the navigation: paths and names.
const AREAS: [(&str, &str); 7] = [
    ("/operator/orders", "Orders"),
    ("/operator/payments", "Payments"),
    ("/operator/stock", "Stock"),
    ("/operator/reviews", "Reviews"),
    ("/operator/audit", "Audit"),
    ("/operator/outbox", "Outbox"),
    ("/operator/faults", "Faults"),
];

/// Calls a method with the operator token.
macro_rules! call {
    ($deadline:expr, $client:expr, $method:ident, $message:expr) => {
        $crate::refusal::call_for!(
            $crate::visitor::Visitor::default(),
            $deadline,
            $client,
            $method,
            $message
        )
    };
}
use call;

/// The routes. Each handler but those of the sign-in takes an [`Operator`], which only a browser
/// that is signed in has.
pub(crate) fn routes() -> Router<Arc<Shop>> {
    Router::new()
        .route("/operator", get(async |_: Operator| see_other(AREAS[0].0)))
        .route("/operator/sign-in", get(access::page).post(access::sign_in))
        .route("/operator/sign-out", post(access::sign_out))
        .route("/operator/orders", get(orders::list))
        .route("/operator/orders/{id}", get(order::page))
        .route("/operator/orders/ship", post(order::ship))
        .route("/operator/orders/resolve", post(order::resolve))
        .route("/operator/payments", get(payments::list))
        .route("/operator/payments/{id}", get(payment::page))
        .route("/operator/payments/refund", post(payment::refund))
        .route("/operator/payments/resolve", post(payment::resolve))
        .route("/operator/stock", get(stock::page).post(stock::set))
        .route("/operator/reviews", get(reviews::list))
        .route("/operator/reviews/hide", post(reviews::hide))
        .route("/operator/reviews/show", post(reviews::show))
        .route("/operator/audit", get(audit::page).post(audit::run))
        .route("/operator/outbox", get(outbox::page))
        .route("/operator/outbox/retry", post(outbox::retry))
        .route("/operator/faults", get(faults::page))
        .route("/operator/faults/set", post(faults::set))
        .route("/operator/faults/remove", post(faults::remove))
}

/// The page after a call without a result.
fn failed(shop: &Shop, refusal: &Refusal) -> Response {
    let what = match refusal {
        Refusal::Unavailable => "The service doesn’t answer at the moment.".to_owned(),
        Refusal::SignedOut => {
            "The service does not accept the operator token of the shop.".to_owned()
        }
        Refusal::Declared { reason, .. } => format!("The service refuses this: {reason}."),
        Refusal::Invalid(_) => "The service refuses this address.".to_owned(),
    };
    service_unavailable(shop, &what).into_response()
}
