//! Webhooks, received over HTTP.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use service::{ManualClock, PeriodicTask as _};
use store::testing::TestDb;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::{charge, post as send};
use crate::{Event, EventKind, Options, SIGNATURE_HEADER, Simulator, WebhookTarget};

store::both_engines! {
    crate::SCHEMA =>
    webhooks_are_sent_in_the_order_of_the_token,
    webhook_after_cancellation_follows_the_refund,
    late_webhook_is_sent_when_its_time_has_come,
    webhook_that_is_not_accepted_is_sent_again_after_a_restart,
    without_a_receiver_no_webhooks_are_stored,
}

const NOW: &str = "2026-02-03T04:05:06Z";

/// A receiver that keeps what it gets.
#[derive(Clone, Default)]
struct Receiver {
    received: Arc<Mutex<Vec<(String, Bytes)>>>,
    /// Answers with 500.
    broken: Arc<Mutex<bool>>,
}

impl Receiver {
    async fn start() -> (Self, String, AbortOnDropHandle<()>) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let routes = Router::new()
            .route("/webhooks", post(receive))
            .with_state(receiver.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it serves");
        });
        let url = format!("http://{address}/webhooks");
        (receiver, url, AbortOnDropHandle::new(server))
    }

    fn set_broken(&self, broken: bool) {
        *self.broken.lock().expect("no panic") = broken;
    }

    /// What was received since the last call: the signatures and the events.
    fn take(&self) -> Vec<(String, Event)> {
        let mut received = self.received.lock().expect("no panic");
        let events = received.drain(..).map(|(signature, body)| {
            let event = serde_json::from_slice(&body).expect("an event");
            (signature, event)
        });
        events.collect()
    }

    fn kinds(&self) -> Vec<EventKind> {
        self.take()
            .into_iter()
            .map(|(_, event)| event.kind)
            .collect()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers[SIGNATURE_HEADER]
        .to_str()
        .expect("ASCII")
        .to_owned();
    let mut received = receiver.received.lock().expect("no panic");
    received.push((signature, body));
    if *receiver.broken.lock().expect("no panic") {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::NO_CONTENT
    }
}

struct Sending {
    simulator: Simulator,
    options: Options,
    clock: Arc<ManualClock>,
    receiver: Receiver,
    _server: AbortOnDropHandle<()>,
}

async fn sending(database: &TestDb) -> Sending {
    let (receiver, url, server) = Receiver::start().await;
    let clock = Arc::new(ManualClock::at(NOW.parse().expect("a time")));
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn service::Clock>,
        webhooks: Some(WebhookTarget::new(&url, "secret", None).expect("a URL")),
        ..Options::default()
    };
    Sending {
        simulator: Simulator::new(database.db().clone(), options.clone()),
        options,
        clock,
        receiver,
        _server: server,
    }
}

async fn send_webhooks(simulator: &Simulator) {
    let mut worker = simulator.webhook_worker().expect("there is a receiver");
    worker.run().await.expect("the database answers");
}

async fn webhooks_are_sent_in_the_order_of_the_token(database: TestDb) {
    use EventKind::{ChargeCreated as Created, ChargeDeclined, ChargeSucceeded as Succeeded};
    let sending = sending(&database).await;
    for (token, kinds) in [
        ("tok_visa", &[Created, Succeeded][..]),
        ("tok_refused", &[Created, ChargeDeclined]),
        ("tok_answer_lost", &[Created, Succeeded]),
        ("tok_webhook_twice", &[Created, Succeeded, Succeeded]),
        ("tok_webhook_out_of_order", &[Succeeded, Created]),
    ] {
        // The same request again tells nothing new.
        for _ in 0..2 {
            charge(&sending.simulator, token, token).await;
        }
        send_webhooks(&sending.simulator).await;
        let received = sending.receiver.take();
        let got: Vec<_> = received.iter().map(|(_, event)| event.kind).collect();
        assert_eq!(got, kinds, "{token}");
        assert!(
            received
                .iter()
                .all(|(_, event)| event.idempotency_key == token)
        );
        if token == "tok_webhook_twice" {
            assert_eq!(received[1].1, received[2].1, "it is the same event");
        }
    }
}

async fn webhook_after_cancellation_follows_the_refund(database: TestDb) {
    let sending = sending(&database).await;
    let token = "tok_webhook_after_cancellation";
    let charged = charge(&sending.simulator, "one", token).await;
    send_webhooks(&sending.simulator).await;
    assert_eq!(sending.receiver.kinds(), [EventKind::ChargeCreated]);
    let (_, charged) = charged.expect("it is answered");
    let id = charged["charge_id"].as_str().expect("it has an id");
    let path = format!("/v1/charges/{id}/refunds");
    for (key, amount_minor) in [("a", 4_000), ("b", 6_000)] {
        let body = serde_json::json!({ "amount_minor": amount_minor });
        send(&sending.simulator, &path, key, &body).await;
    }
    send_webhooks(&sending.simulator).await;
    let expected = [
        EventKind::RefundSucceeded,
        EventKind::ChargeSucceeded,
        EventKind::RefundSucceeded,
    ];
    assert_eq!(sending.receiver.kinds(), expected);
}

async fn late_webhook_is_sent_when_its_time_has_come(database: TestDb) {
    let sending = sending(&database).await;
    charge(&sending.simulator, "one", "tok_webhook_late").await;
    sending.clock.advance(Duration::from_secs(59));
    send_webhooks(&sending.simulator).await;
    assert_eq!(sending.receiver.kinds(), [EventKind::ChargeCreated]);
    sending.clock.advance(Duration::from_secs(1));
    send_webhooks(&sending.simulator).await;
    assert_eq!(sending.receiver.kinds(), [EventKind::ChargeSucceeded]);
}

async fn webhook_that_is_not_accepted_is_sent_again_after_a_restart(database: TestDb) {
    let sending = sending(&database).await;
    charge(&sending.simulator, "one", "tok_visa").await;
    sending.receiver.set_broken(true);
    send_webhooks(&sending.simulator).await;
    let refused = sending.receiver.take();
    assert_eq!(refused.len(), 1, "the second event waits for the first one");
    sending.receiver.set_broken(false);
    sending.clock.advance(Duration::from_secs(1));
    let restarted = Simulator::new(database.db().clone(), sending.options.clone());
    send_webhooks(&restarted).await;
    let accepted = sending.receiver.take();
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[0].1, refused[0].1);
    let time = |signature: &str| signature.split_once(',').map(|(time, _)| time.to_owned());
    assert_ne!(
        time(&accepted[0].0),
        time(&refused[0].0),
        "each attempt has a new signature"
    );
    send_webhooks(&restarted).await;
    assert!(sending.receiver.take().is_empty());
}

async fn without_a_receiver_no_webhooks_are_stored(database: TestDb) {
    let simulator = super::simulator(&database);
    charge(&simulator, "one", "tok_visa").await;
    let statistics = store::read!(database.db(), connection => {
        store::outbox::statistics(connection, crate::events::TOPIC).await
    });
    assert_eq!(statistics.expect("the database answers").pending, 0);
}

/// The expected value was computed by Python's `hmac`.
#[test]
fn signature_is_the_hmac_of_time_and_body() {
    let target = WebhookTarget::new("http://localhost/", "secret", None).expect("a URL");
    assert_eq!(
        target.signature(1_700_000_000, b"{\"a\":1}"),
        "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
    );
    for url in ["", "localhost:1", "ftp://localhost", "https://localhost"] {
        WebhookTarget::new(url, "secret", None).expect_err(url);
    }
}
