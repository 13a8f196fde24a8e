//! `/operator/payments/{id}`: one payment, with the forms that pay it back and resolve it.

mod resolution;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::{
    transactions::v1::{GetPaymentRequest, Payment, RefundRequest, Transaction, TransactionState},
    r#type::v1::Money,
};

pub(super) use self::resolution::resolve;
use self::resolution::{decision, resolve_form};
use super::{
    AREAS,
    access::Operator,
    call,
    decision::Decision,
    failed,
    payments::{NOT_DECIDED, state_words},
};
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
    /// What can still be paid back; empty if it was not charged.
    left: String,
    /// Empty if it is not decided.
    day: String,
    state: &'static str,
    method: String,
    refunds: Vec<RefundRow>,
    parked_reason: String,
    /// The amount of the refund that is parked; empty if the charge is, or nothing.
    parked_refund: String,
    decisions: Vec<Decision>,
    refund: Option<Form>,
    resolve: Option<Form>,
}

struct RefundRow {
    day: String,
    amount: String,
    reason: String,
}

impl PaymentPage {
    fn is_refused(&self) -> bool {
        let forms = [&self.refund, &self.resolve];
        forms.into_iter().flatten().any(Form::is_refused)
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
        Some("resolved") => Some("The decision is recorded."),
        _ => None,
    };
    match read(&shop, &clients, &id).await {
        Ok(payment) => payment_page(&shop, payment, done, None),
        Err(response) => response,
    }
}

/// `POST /operator/payments/refund`
pub(super) async fn refund(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let payment = match read(&shop, &clients, &sent.text("transaction_id")).await {
        Ok(payment) => payment,
        Err(response) => return response,
    };
    let charged = payment.amount.clone().unwrap_or_default();
    let form = || refund_form(&payment.transaction_id).filled(&sent);
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
                return payment_page(&shop, payment, None, Some(form));
            }
        },
    };
    let request = RefundRequest {
        request_id: sent.text("request_id"),
        transaction_id: payment.transaction_id.clone(),
        amount,
        reason: sent.text("reason"),
    };
    let deadline = shop.action_deadline();
    match call!(deadline, clients.transactions, refund, request) {
        Ok(_) => {
            let id = &payment.transaction_id;
            see_other(&format!("/operator/payments/{id}?done=refunded"))
        }
        Err(refusal) => {
            let mut form = form().refused(&refusal, explain);
            if is_about_the_amount(&refusal) {
                form.fields[0].error = form.message.take();
            }
            payment_page(&shop, payment, None, Some(form))
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

/// Reads a payment; else the page that says why there is none.
async fn read(
    shop: &Shop,
    clients: &OperatorClients,
    transaction_id: &str,
) -> Result<Payment, Response> {
    let request = GetPaymentRequest {
        transaction_id: transaction_id.to_owned(),
    };
    let read = call!(shop.deadline(), clients.transactions, get_payment, request);
    match read.map(|answer| answer.payment) {
        Ok(Some(payment)) => Ok(payment),
        Ok(None) => Err(failed(shop, &Refusal::Unavailable)),
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) => {
            let text = "No payment has this address.".to_owned();
            Err(MessagePage::not_found("We can’t find this payment", text).into_response())
        }
        Err(refusal) => Err(failed(shop, &refusal)),
    }
}

/// The page of a payment, with a form that was refused in place of its empty one.
fn payment_page(
    shop: &Shop,
    payment: Payment,
    done: Option<&'static str>,
    refused: Option<Form>,
) -> Response {
    let id = payment.transaction_id.as_str();
    let parked_refund = payment.parked_refund.as_ref();
    let resolve = !payment.parked_reason.is_empty();
    let mut page = PaymentPage {
        layout: PageLayout::new(shop),
        area: AREAS[1].0,
        done,
        amount: price(&payment.amount),
        left: String::new(),
        day: String::new(),
        state: NOT_DECIDED,
        method: String::new(),
        refunds: Vec::new(),
        parked_refund: parked_refund.map_or_else(String::new, |refund| price(&refund.amount)),
        resolve: resolve.then(|| resolve_form(id, parked_refund)),
        refund: None,
        id: id.to_owned(),
        reference: payment.reference,
        parked_reason: payment.parked_reason,
        decisions: payment.resolutions.into_iter().map(decision).collect(),
    };
    if let Some(transaction) = &payment.transaction {
        page.show(transaction);
    }
    let mut status = StatusCode::OK;
    if let Some(refused) = refused {
        status = StatusCode::UNPROCESSABLE_ENTITY;
        // It is shown even if the payment has changed meanwhile, because it says why.
        let form = if refused.action == REFUND {
            &mut page.refund
        } else {
            &mut page.resolve
        };
        *form = Some(refused);
    }
    render(status, &page)
}

impl PaymentPage {
    /// Shows what the provider has decided.
    fn show(&mut self, transaction: &Transaction) {
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
        let refunds = transaction.refunds.iter().map(|refund| RefundRow {
            day: date(refund.create_time),
            amount: price(&refund.amount),
            reason: refund.reason.clone(),
        });
        if transaction.state() != TransactionState::Declined {
            self.left = price(&Some(left));
        }
        self.day = date(transaction.create_time);
        self.state = state_words(transaction);
        self.method.clone_from(&transaction.method_label);
        self.refunds = refunds.collect();
        self.refund = is_refundable.then(|| refund_form(&transaction.transaction_id));
    }
}

fn price(money: &Option<Money>) -> String {
    money.as_ref().and_then(currency::price).unwrap_or_default()
}

const REFUND: &str = "/operator/payments/refund";

fn refund_form(transaction_id: &str) -> Form {
    let mut form = Form::new(REFUND, "Pay back")
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
