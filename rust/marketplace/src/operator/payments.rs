//! `/operator/payments`: the payments of all accounts.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contract::bookstore::transactions::v1::{
    DeclineReason, ListPaymentsRequest, Payment, Transaction, TransactionState,
};

use super::{AREAS, access::Operator, call, failed, list::ListPager};
use crate::{
    currency,
    pages::{PageLayout, QueryParams, account::date, render, see_other},
    refusal::Refusal,
    shop::Shop,
};

/// The number of payments on a page.
const PAGE_SIZE: i32 = 20;

#[derive(Template)]
#[template(path = "operator/payments.html")]
struct PaymentsPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    /// Whether only payments that wait for the operator are shown.
    parked_only: bool,
    payments: Vec<PaymentRow>,
    pager: ListPager,
}

struct PaymentRow {
    id: String,
    reference: String,
    amount: String,
    /// The day on which it was decided; empty if it is not.
    day: String,
    state: &'static str,
    parked_reason: String,
}

/// `GET /operator/payments?show=&after=`
pub(super) async fn list(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Query(params): Query<QueryParams>,
) -> Response {
    let parked_only = params.get("show") == Some("parked");
    let area = AREAS[1].0;
    let base = if parked_only {
        format!("{area}?show=parked")
    } else {
        area.to_owned()
    };
    let token = params.get("after").unwrap_or_default().to_owned();
    let request = ListPaymentsRequest {
        page_size: PAGE_SIZE,
        page_token: token.clone(),
        parked_only,
    };
    match call!(
        shop.deadline(),
        clients.transactions,
        list_payments,
        request
    ) {
        Ok(answer) => {
            let page = PaymentsPage {
                layout: PageLayout::new(&shop),
                area,
                done: None,
                parked_only,
                payments: answer.payments.into_iter().map(row).collect(),
                pager: ListPager::new(&base, &token, &answer.next_page_token),
            };
            render(StatusCode::OK, &page)
        }
        // The token is not one of this list.
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) if !token.is_empty() => {
            see_other(&base)
        }
        Err(refusal) => failed(&shop, &refusal),
    }
}

fn row(payment: Payment) -> PaymentRow {
    let decided = payment.transaction.as_ref();
    PaymentRow {
        day: date(decided.and_then(|transaction| transaction.create_time)),
        state: decided.map_or(NOT_DECIDED, state_words),
        amount: payment
            .amount
            .as_ref()
            .and_then(currency::price)
            .unwrap_or_default(),
        id: payment.transaction_id,
        reference: payment.reference,
        parked_reason: payment.parked_reason,
    }
}

/// The state of a payment that the provider has not decided.
pub(super) const NOT_DECIDED: &str = "Not decided";

/// The state of a transaction in words.
pub(super) fn state_words(transaction: &Transaction) -> &'static str {
    match transaction.state() {
        TransactionState::Charged => "Charged",
        TransactionState::PartlyRefunded => "Partly paid back",
        TransactionState::Refunded => "Paid back",
        TransactionState::Declined | TransactionState::Unspecified => {
            match transaction.decline_reason() {
                DeclineReason::InsufficientFunds => "Declined: not enough money",
                DeclineReason::MethodExpired => "Declined: the payment method has expired",
                DeclineReason::MethodUnknown => "Declined: the payment method is unknown",
                DeclineReason::Refused | DeclineReason::Unspecified => "Declined",
            }
        }
    }
}
