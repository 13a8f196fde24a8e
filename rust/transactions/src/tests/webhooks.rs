//! Webhooks of the payment simulator, which the test passes on when it wants.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Request, StatusCode},
    routing::post,
};
use payment_simulator::{Event, EventKind, SIGNATURE_HEADER, WebhookTarget};
use service::{Clock, ManualClock};
use store::testing::TestDb;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::{
    charge_request, refund_request, service_with,
    simulator::{Running, start_simulator_with},
};
use crate::{
    HttpProvider, TransactionId, TransactionState, Transactions, TransactionsError,
    provider::TOLERANCE_SECONDS,
};

store::both_engines! {
    crate::SCHEMA =>
    webhook_finishes_a_charge_whose_answer_was_lost,
    webhooks_change_nothing_after_the_decision,
    webhook_that_the_provider_did_not_sign_is_refused,
    webhook_outside_of_the_tolerance_is_refused,
    webhook_is_sent_again_while_the_provider_does_not_answer,
    webhook_about_something_else_is_accepted,
}

const SECRET: &str = "a secret of both sides";

/// A webhook as it arrived.
type Received = (HeaderMap, Bytes);

struct Shop {
    transactions: Transactions,
    clock: Arc<ManualClock>,
    running: Running,
    webhooks: mpsc::UnboundedReceiver<Received>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

async fn keep(
    State(sender): State<mpsc::UnboundedSender<Received>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    sender.send((headers, body)).expect("the test is running");
    StatusCode::NO_CONTENT
}

async fn shop(database: &TestDb) -> Shop {
    let (sender, webhooks) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let routes = Router::new().route("/", post(keep)).with_state(sender);
    let server = tokio::spawn(async move {
        axum::serve(listener, routes).await.expect("it serves");
    });
    let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
    let clock = Arc::new(ManualClock::at(now));
    let running = start_simulator_with(payment_simulator::Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        late: Duration::ZERO,
        webhooks: Some(WebhookTarget::new(&url, SECRET, None).expect("a URL")),
        ..payment_simulator::Options::default()
    })
    .await;
    let provider = HttpProvider::new(&running.url, None).expect("the URL is valid");
    let provider = Arc::new(provider.with_webhook_secret(SECRET));
    Shop {
        transactions: service_with(database.db().clone(), provider, &clock),
        _tasks: [
            AbortOnDropHandle::new(server),
            running.simulator.run_in_background(),
        ],
        clock,
        running,
        webhooks,
    }
}

impl Shop {
    /// The next webhook, and the event in it.
    async fn next_webhook(&mut self) -> (Received, Event) {
        let received = self.webhooks.recv().await.expect("the server is running");
        let event = serde_json::from_slice(&received.1).expect("an event");
        (received, event)
    }

    /// Passes a webhook on.
    async fn post(&self, (headers, body): &Received) -> StatusCode {
        let mut request = Request::post("/webhooks").body(Body::from(body.clone()));
        let request_headers = request.as_mut().map(Request::headers_mut);
        *request_headers.expect("the request is valid") = headers.clone();
        let routes = self.transactions.webhook_routes();
        let response = routes.oneshot(request.expect("the request is valid")).await;
        response.expect("the router cannot fail").status()
    }

    /// A webhook with this body, signed with a secret.
    fn signed(&self, secret: &str, body: &str) -> Received {
        let target = WebhookTarget::new("http://localhost/", secret, None).expect("a URL");
        let signature = target.signature(self.clock.now().as_second(), body.as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE_HEADER, header(&signature));
        (headers, Bytes::copy_from_slice(body.as_bytes()))
    }

    /// A charge whose answer is lost, and the webhook about its success.
    async fn lost_charge(&mut self) -> (TransactionId, Received) {
        let request = charge_request("tok_answer_lost", 10_000);
        let outcome = self.transactions.charge(&request).await;
        assert!(matches!(
            outcome,
            Err(TransactionsError::ProviderUnavailable)
        ));
        let (_, created) = self.next_webhook().await;
        assert_eq!(created.kind, EventKind::ChargeCreated);
        let (webhook, succeeded) = self.next_webhook().await;
        assert_eq!(succeeded.kind, EventKind::ChargeSucceeded);
        let id = Uuid::parse_str(&succeeded.idempotency_key).expect("an id");
        (TransactionId(id), webhook)
    }

    /// The state of a charge; `None` while it is pending.
    async fn state(&self, id: TransactionId) -> Option<TransactionState> {
        let found = self.transactions.transaction(id, None).await;
        found.ok().map(|transaction| transaction.state())
    }

    async fn totals(&self) -> (i64, i64, i64) {
        let totals = self.running.simulator.totals().await;
        totals.expect("the database answers")
    }
}

fn header(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("ASCII")
}

async fn webhook_finishes_a_charge_whose_answer_was_lost(database: TestDb) {
    let mut shop = shop(&database).await;
    let (id, webhook) = shop.lost_charge().await;
    assert_eq!(shop.state(id).await, None);
    // The provider may send it again, and somebody who has read it too.
    for _ in 0..3 {
        assert_eq!(shop.post(&webhook).await, StatusCode::NO_CONTENT);
        assert_eq!(shop.state(id).await, Some(TransactionState::Charged));
    }
    assert_eq!(shop.totals().await, (1, 10_000, 0));
    let balances = shop.transactions.ledger_balances().await;
    let balances = balances.expect("the database answers");
    assert_eq!(balances[0].provider_balance_minor, 10_000 - 140);
}

async fn webhooks_change_nothing_after_the_decision(database: TestDb) {
    let mut shop = shop(&database).await;
    for (token, of_charge, of_refund) in [
        ("tok_visa", 2, 1),
        ("tok_webhook_late", 2, 1),
        ("tok_webhook_twice", 3, 1),
        ("tok_webhook_out_of_order", 2, 1),
        ("tok_webhook_after_cancellation", 1, 2),
    ] {
        let charged = shop.transactions.charge(&charge_request(token, 500)).await;
        let id = charged.expect(token).transaction_id;
        let mut webhooks = Vec::new();
        for _ in 0..of_charge {
            webhooks.push(shop.next_webhook().await.0);
        }
        for webhook in &webhooks {
            assert_eq!(shop.post(webhook).await, StatusCode::NO_CONTENT, "{token}");
        }
        assert_eq!(
            shop.state(id).await,
            Some(TransactionState::Charged),
            "{token}"
        );
        let refunded = shop.transactions.refund(&refund_request(id, None)).await;
        refunded.expect(token);
        for _ in 0..of_refund {
            webhooks.push(shop.next_webhook().await.0);
        }
        // Those of the charge again, too.
        for webhook in webhooks.iter().rev() {
            assert_eq!(shop.post(webhook).await, StatusCode::NO_CONTENT, "{token}");
        }
        assert_eq!(
            shop.state(id).await,
            Some(TransactionState::Refunded),
            "{token}"
        );
    }
    assert_eq!(shop.totals().await, (5, 2_500, 2_500));
    let balances = shop.transactions.ledger_balances().await;
    let balances = balances.expect("the database answers");
    assert_eq!(balances[0].provider_balance_minor, -5 * 7);
}

async fn webhook_that_the_provider_did_not_sign_is_refused(database: TestDb) {
    let mut shop = shop(&database).await;
    let (id, (headers, body)) = shop.lost_charge().await;
    let signature = headers[SIGNATURE_HEADER]
        .to_str()
        .expect("ASCII")
        .to_owned();
    let (time, tag) = signature.split_once(',').expect("two parts");
    let text = str::from_utf8(&body).expect("JSON");
    let mut refused = vec![
        shop.signed("another secret", text),
        (
            headers.clone(),
            Bytes::from(text.replace("succeeded", "declined")),
        ),
        (HeaderMap::new(), body.clone()),
    ];
    let later = format!("t={}", shop.clock.now().as_second() + 1);
    for value in [
        "",
        time,
        tag,
        &format!("{later},{tag}"),
        &format!("{time},{time},{tag}"),
        &format!("{time},v1="),
        &format!("{time},v1={}", &tag[3..9]),
        &format!("{time},v0={}", &tag[3..]),
        &format!("t=,{tag}"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE_HEADER, header(value));
        refused.push((headers, body.clone()));
    }
    let mut twice = headers.clone();
    twice.append(SIGNATURE_HEADER, header(&signature));
    refused.push((twice, body.clone()));
    for webhook in &refused {
        let status = shop.post(webhook).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{webhook:?}");
        assert_eq!(shop.state(id).await, None, "{webhook:?}");
    }
    // While the provider changes its secret, it signs with both.
    let mut rotated = HeaderMap::new();
    let value = format!("{time},v1={},{tag},v2=x", "0".repeat(64));
    rotated.insert(SIGNATURE_HEADER, header(&value));
    assert_eq!(shop.post(&(rotated, body)).await, StatusCode::NO_CONTENT);
    assert_eq!(shop.state(id).await, Some(TransactionState::Charged));
}

async fn webhook_outside_of_the_tolerance_is_refused(database: TestDb) {
    let mut shop = shop(&database).await;
    let (id, webhook) = shop.lost_charge().await;
    let signed_at = shop.clock.now();
    let tolerance = Duration::from_secs(TOLERANCE_SECONDS.unsigned_abs());
    let second = Duration::from_secs(1);
    for time in [
        signed_at + tolerance + second,
        signed_at - tolerance - second,
    ] {
        shop.clock.set(time);
        assert_eq!(shop.post(&webhook).await, StatusCode::BAD_REQUEST);
        assert_eq!(shop.state(id).await, None);
    }
    shop.clock.set(signed_at + tolerance);
    assert_eq!(shop.post(&webhook).await, StatusCode::NO_CONTENT);
    assert_eq!(shop.state(id).await, Some(TransactionState::Charged));
}

async fn webhook_is_sent_again_while_the_provider_does_not_answer(database: TestDb) {
    let mut shop = shop(&database).await;
    let (id, webhook) = shop.lost_charge().await;
    let nobody = HttpProvider::new("http://127.0.0.1:1", None).expect("a URL");
    let provider = Arc::new(nobody.with_webhook_secret(SECRET));
    let working = shop.transactions.clone();
    shop.transactions = service_with(database.db().clone(), provider, &shop.clock);
    assert_eq!(shop.post(&webhook).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(shop.state(id).await, None);
    shop.transactions = working;
    assert_eq!(shop.post(&webhook).await, StatusCode::NO_CONTENT);
    assert_eq!(shop.state(id).await, Some(TransactionState::Charged));
}

async fn webhook_about_something_else_is_accepted(database: TestDb) {
    let shop = shop(&database).await;
    let event = |kind: &str, key: &str| {
        let body = serde_json::json!({ "type": kind, "idempotency_key": key });
        body.to_string()
    };
    let id = Uuid::new_v4().to_string();
    for (kind, key) in [
        ("charge.succeeded", &*id),
        ("refund.succeeded", &id),
        ("dispute.created", &id),
        ("charge.succeeded", "another shop"),
    ] {
        let webhook = shop.signed(SECRET, &event(kind, key));
        assert_eq!(
            shop.post(&webhook).await,
            StatusCode::NO_CONTENT,
            "{kind} {key}"
        );
    }
    let webhook = shop.signed(SECRET, "no JSON");
    assert_eq!(shop.post(&webhook).await, StatusCode::BAD_REQUEST);
    assert_eq!(shop.totals().await, (0, 0, 0));
}
