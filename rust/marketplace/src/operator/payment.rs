//! `/operator/payments/{id}`: one payment, with the form that pays it back.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::{
    transactions::v1::{GetTransactionRequest, RefundRequest, Transaction, TransactionState},
    r#type::v1::Money,
};

use super::{AREAS, access::Operator, call, failed, payments::state_words};
use crate::{
    OperatorClients, currency,
    forms::{Field, Form, SentForm},
    pages::{MessagePage, PageLayout, QueryParams, account::date, render, see_other},
    refusal::Refusal,
    shop::Shop,
};

#[derive(Template)]
#[template(path = "operator/payment.html")]
struct PaymentPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    id: String,
    reference: String,
    amount: String,
    /// What can still be paid back.
    left: String,
    day: String,
    state: &'static str,
    method: String,
    refunds: Vec<RefundRow>,
    form: Option<Form>,
}

struct RefundRow {
    day: String,
    amount: String,
    reason: String,
}

impl PaymentPage {
    fn is_refused(&self) -> bool {
        self.form.as_ref().is_some_and(Form::is_refused)
    }
}

/// `GET /operator/payments/{id}?done=`
pub(super) async fn page(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Path(id): Path<String>,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("refunded") => Some("The amount is paid back."),
        _ => None,
    };
    match read(&shop, &clients, &id).await {
        Ok(transaction) => payment_page(&shop, &transaction, done, None),
        Err(response) => response,
    }
}

/// `POST /operator/payments/refund`
pub(super) async fn refund(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let transaction = match read(&shop, &clients, &sent.text("transaction_id")).await {
        Ok(transaction) => transaction,
        Err(response) => return response,
    };
    let charged = transaction.amount.clone().unwrap_or_default();
    let form = || refund_form(&transaction.transaction_id).filled(&sent);
    let amount = match sent.text("amount").as_str() {
        "" => None,
        text => match currency::parse(text, &charged.currency_code) {
            Some(minor) => Some(Money {
                amount_minor: Some(minor),
                ..charged
            }),
            None => {
                let mut form = form();
                form.fields[0].error = Some("Write an amount such as 12.50.".to_owned());
                return payment_page(&shop, &transaction, None, Some(form));
            }
        },
    };
    let request = RefundRequest {
        request_id: sent.text("request_id"),
        transaction_id: transaction.transaction_id.clone(),
        amount,
        reason: sent.text("reason"),
    };
    let deadline = shop.action_deadline();
    match call!(deadline, clients.transactions, refund, request) {
        Ok(_) => {
            let id = &transaction.transaction_id;
            see_other(&format!("/operator/payments/{id}?done=refunded"))
        }
        Err(refusal) => {
            let mut form = form().refused(&refusal, explain);
            if is_about_the_amount(&refusal) {
                form.fields[0].error = form.message.take();
            }
            payment_page(&shop, &transaction, None, Some(form))
        }
    }
}

fn is_about_the_amount(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Declared { reason, .. }
        if ["AMOUNT_NOT_POSITIVE", "REFUND_TOO_LARGE"].contains(&reason.as_str()))
}

fn explain(reason: &str) -> String {
    match reason {
        "AMOUNT_NOT_POSITIVE" => "Write more than zero, or nothing to pay everything back.",
        "REFUND_TOO_LARGE" => "This is more than what is left of the charge.",
        "TRANSACTION_NOT_REFUNDABLE" => "Nothing is left that could be paid back.",
        "TOO_MANY_REFUNDS" => "The next refund has to be the last one: leave the amount empty.",
        _ => "Transactions refuses this refund.",
    }
    .to_owned()
}

/// Reads a transaction; else the page that says why there is none.
async fn read(
    shop: &Shop,
    clients: &OperatorClients,
    transaction_id: &str,
) -> Result<Transaction, Response> {
    let request = GetTransactionRequest {
        transaction_id: transaction_id.to_owned(),
    };
    let read = call!(
        shop.deadline(),
        clients.transactions,
        get_transaction,
        request
    );
    match read.map(|answer| answer.transaction) {
        Ok(Some(transaction)) => Ok(transaction),
        Ok(None) => Err(failed(shop, &Refusal::Unavailable)),
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) => {
            let text = "No decided payment has this address.".to_owned();
            Err(MessagePage::not_found("We can’t find this payment", text).into_response())
        }
        Err(refusal) => Err(failed(shop, &refusal)),
    }
}

/// The page of a payment, with a form that was refused in place of its empty one.
fn payment_page(
    shop: &Shop,
    transaction: &Transaction,
    done: Option<&'static str>,
    refused: Option<Form>,
) -> Response {
    let price = |money: &Option<Money>| money.as_ref().and_then(currency::price);
    let minor = |money: &Option<Money>| money.as_ref().and_then(|money| money.amount_minor);
    let left = Money {
        amount_minor: Some(
            minor(&transaction.amount).unwrap_or_default()
                - minor(&transaction.refunded_amount).unwrap_or_default(),
        ),
        ..transaction.amount.clone().unwrap_or_default()
    };
    let is_refundable = matches!(
        transaction.state(),
        TransactionState::Charged | TransactionState::PartlyRefunded
    );
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let empty = || is_refundable.then(|| refund_form(&transaction.transaction_id));
    let refunds = transaction.refunds.iter().map(|refund| RefundRow {
        day: date(refund.create_time),
        amount: price(&refund.amount).unwrap_or_default(),
        reason: refund.reason.clone(),
    });
    let page = PaymentPage {
        layout: PageLayout::new(shop),
        area: AREAS[1].0,
        done,
        id: transaction.transaction_id.clone(),
        reference: transaction.reference.clone(),
        amount: price(&transaction.amount).unwrap_or_default(),
        left: currency::price(&left).unwrap_or_default(),
        day: date(transaction.create_time),
        state: state_words(transaction),
        method: transaction.method_label.clone(),
        refunds: refunds.collect(),
        form: refused.or_else(empty),
    };
    render(status, &page)
}

fn refund_form(transaction_id: &str) -> Form {
    let mut form = Form::new("/operator/payments/refund", "Pay back")
        .hidden("transaction_id", transaction_id)
        .request_id()
        .field(
            Field::new("amount", "Amount", "text", "off")
                .hint("Leave it empty to pay back everything that is left"),
        )
        .field(Field::new("reason", "Reason", "text", "off").hint("The buyer can read it"));
    form.is_dangerous = true;
    form
}
