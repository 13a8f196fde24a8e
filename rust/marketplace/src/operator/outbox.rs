//! `/operator/outbox`: the mails and other messages that are not delivered yet.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contract::bookstore::{
    accounts::v1 as accounts_v1,
    cart::v1 as cart_v1,
    transactions::v1 as transactions_v1,
    r#type::v1::{OutboxMessage, OutboxMessageState},
};
use futures::future::join3;
use jiff::Timestamp;

use super::{AREAS, access::Operator, call};
use crate::{
    OperatorClients,
    forms::SentForm,
    pages::{PageLayout, QueryParams, render, see_other},
    refusal::Refusal,
    shop::Shop,
};

/// How many messages of one service are shown.
const MAX_MESSAGES: i32 = 100;

#[derive(Template)]
#[template(path = "operator/outbox.html")]
struct OutboxPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    dead_only: bool,
    outboxes: Vec<Outbox>,
    problem: Option<&'static str>,
}

/// The outbox of one service.
struct Outbox {
    /// The name in forms.
    service: &'static str,
    heading: &'static str,
    /// `None` if the service does not answer.
    messages: Option<Vec<MessageRow>>,
    has_more: bool,
}

struct MessageRow {
    id: i64,
    summary: String,
    state: &'static str,
    is_dead: bool,
    attempts: i32,
    last_error: String,
    enqueued: String,
    next_attempt: String,
}

/// `GET /operator/outbox?show=&done=`
pub(super) async fn page(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("retry") => Some("The message is delivered again in a moment."),
        _ => None,
    };
    let dead_only = params.get("show") == Some("dead");
    outbox_page(&shop, &clients, dead_only, done, None).await
}

/// `POST /operator/outbox/retry`: a message that is not dead any more stays as it is.
pub(super) async fn retry(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let message_id = sent.text("message_id").parse().unwrap_or_default();
    let deadline = shop.action_deadline();
    let retried = match sent.get("service") {
        "accounts" => {
            let request = accounts_v1::RetryOutboxMessageRequest { message_id };
            call!(deadline, clients.accounts, retry_outbox_message, request).map(drop)
        }
        "cart" => {
            let request = cart_v1::RetryOutboxMessageRequest { message_id };
            call!(deadline, clients.checkout, retry_outbox_message, request).map(drop)
        }
        _ => {
            let request = transactions_v1::RetryOutboxMessageRequest { message_id };
            call!(
                deadline,
                clients.transactions,
                retry_outbox_message,
                request
            )
            .map(drop)
        }
    };
    let problem = match retried {
        Ok(()) => return see_other("/operator/outbox?done=retry"),
        Err(Refusal::Declared { .. } | Refusal::Invalid(_)) => {
            "This message is not there any more: it was delivered."
        }
        Err(Refusal::SignedOut | Refusal::Unavailable) => {
            "The service doesn’t answer at the moment. Please try again."
        }
    };
    outbox_page(&shop, &clients, false, None, Some(problem)).await
}

async fn outbox_page(
    shop: &Shop,
    clients: &OperatorClients,
    dead_only: bool,
    done: Option<&'static str>,
    problem: Option<&'static str>,
) -> Response {
    let deadline = shop.deadline();
    let page_size = MAX_MESSAGES;
    let accounts = async {
        let request = accounts_v1::ListOutboxMessagesRequest {
            page_size,
            page_token: String::new(),
            dead_only,
        };
        let answer = call!(deadline, clients.accounts, list_outbox_messages, request);
        answer.map(|answer| (answer.messages, answer.next_page_token))
    };
    let cart = async {
        let request = cart_v1::ListOutboxMessagesRequest {
            page_size,
            page_token: String::new(),
            dead_only,
        };
        let answer = call!(deadline, clients.checkout, list_outbox_messages, request);
        answer.map(|answer| (answer.messages, answer.next_page_token))
    };
    let transactions = async {
        let request = transactions_v1::ListOutboxMessagesRequest {
            page_size,
            page_token: String::new(),
            dead_only,
        };
        let answer = call!(
            deadline,
            clients.transactions,
            list_outbox_messages,
            request
        );
        answer.map(|answer| (answer.messages, answer.next_page_token))
    };
    let (accounts, cart, transactions) = join3(accounts, cart, transactions).await;
    let page = OutboxPage {
        layout: PageLayout::new(shop),
        area: AREAS[5].0,
        done,
        dead_only,
        outboxes: vec![
            Outbox::new("accounts", "Mails and deletions of accounts", accounts.ok()),
            Outbox::new("cart", "Orders with a next step", cart.ok()),
            Outbox::new("transactions", "Receipts and payments", transactions.ok()),
        ],
        problem,
    };
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    render(status, &page)
}

impl Outbox {
    fn new(
        service: &'static str,
        heading: &'static str,
        found: Option<(Vec<OutboxMessage>, String)>,
    ) -> Self {
        let (messages, next_page_token) = found.unzip();
        Self {
            service,
            heading,
            messages: messages.map(|messages| messages.into_iter().map(row).collect()),
            has_more: next_page_token.is_some_and(|token| !token.is_empty()),
        }
    }
}

fn row(message: OutboxMessage) -> MessageRow {
    let state = message.state();
    MessageRow {
        id: message.message_id,
        state: match state {
            OutboxMessageState::Dead => "Dead",
            OutboxMessageState::Retried => "Is retried",
            OutboxMessageState::Waiting | OutboxMessageState::Unspecified => "Waits",
        },
        is_dead: state == OutboxMessageState::Dead,
        attempts: message.attempts,
        enqueued: minute(message.enqueue_time),
        next_attempt: minute(message.next_attempt_time),
        summary: message.summary,
        last_error: message.last_error,
    }
}

/// A time, such as "2026-11-07 16:04 UTC"; empty if it is unset.
fn minute(time: Option<prost_types::Timestamp>) -> String {
    let time = time.and_then(|time| Timestamp::from_second(time.seconds).ok());
    time.map(|time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}
