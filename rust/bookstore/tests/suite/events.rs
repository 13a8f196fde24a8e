//! What happens to orders is published to NATS JetStream.

use std::net::SocketAddr;

use async_nats::ConnectOptions;
use contract::bookstore::{
    cart::v1::{
        ListOutboxMessagesRequest, Order, OrderState, ShipOrderRequest,
        checkout_service_client::CheckoutServiceClient,
    },
    r#type::v1::OutboxMessage,
};

use crate::{
    accounts::open_account,
    test_process::{
        Certificates, Folder, NatsAccount, NatsServer, StoredEvent, TestProcess, eventually,
        free_address, stored_events,
        user_journey::{place_order, wait_until_paid},
    },
};

/// A bookstore whose buyer is signed in.
struct Shop {
    process: TestProcess,
    token: String,
}

impl Shop {
    async fn start(folder: &Folder, nats: SocketAddr, arguments: &[&str]) -> Self {
        let url = format!("--nats-url=nats://{nats}");
        let process = TestProcess::start(folder, &[&["up", &url], arguments].concat());
        let token = open_account(&process, &folder.path("data"), "ada@example.org").await;
        Self { process, token }
    }

    async fn buy(&self) -> Order {
        let placed = place_order(&self.process, &self.token, &[(7, 2)]).await;
        wait_until_paid(&self.process, placed, &self.token).await
    }

    fn checkout(&self) -> CheckoutServiceClient<rpc::Channel> {
        let channel = self.process.channel();
        CheckoutServiceClient::new(channel.with_operator_token(self.process.token()))
    }

    async fn ship(&self, order: &Order) {
        let request = ShipOrderRequest {
            order_id: order.order_id.clone(),
            tracking_number: "Parcel 7".to_owned(),
        };
        let shipped = self.checkout().ship_order(request).await;
        shipped.expect("it is paid");
    }

    /// The events that are not published yet.
    async fn waiting(&self) -> Vec<OutboxMessage> {
        let request = ListOutboxMessagesRequest::default();
        let listed = self.checkout().list_outbox_messages(request).await;
        listed.expect("the database answers").into_inner().messages
    }
}

fn subjects(events: &[StoredEvent]) -> Vec<&str> {
    let subjects = events.iter().map(|event| &*event.subject);
    subjects
        .map(|subject| {
            let prefix = "bookstore.cart.v1.order.";
            subject.strip_prefix(prefix).expect("they are about orders")
        })
        .collect()
}

#[tokio::test]
async fn other_systems_see_what_happens_to_an_order_once_and_in_order() {
    let folder = Folder::new();
    let address = free_address();
    let nats = NatsServer::start(&folder, address, "");
    let stream = nats.stream(ConnectOptions::new).await;
    // Spans are recorded, although nobody collects them.
    let shop = Shop::start(&folder, address, &["--otlp-endpoint=http://127.0.0.1:1"]).await;
    let order = shop.buy().await;
    shop.ship(&order).await;

    let events = stored_events(&stream, 3).await;
    assert_eq!(subjects(&events), ["placed", "paid", "shipped"]);
    for StoredEvent {
        headers,
        event,
        body,
        ..
    } in &events
    {
        let header = |name: &str| headers.get(name).expect("it is set").as_str();
        assert_eq!(header("Content-Type"), "application/protobuf");
        assert_eq!(header("Message-Type"), "bookstore.cart.v1.OrderEvent");
        assert_eq!(header("Nats-Msg-Id"), event.event_id);
        assert_eq!(header("traceparent").len(), 55);
        assert_eq!(event.order_id, order.order_id);
        assert_eq!(event.account_id, order.account_id);
        assert_eq!(event.lines, order.lines);
        assert_eq!(event.total, order.total);
        let text = String::from_utf8_lossy(body);
        for private in ["Ada", "St James", "London", "ada@example.org", "tok_visa"] {
            assert!(!text.contains(private), "{private} in {event:?}");
        }
    }
    assert_eq!(events[2].event.state(), OrderState::Shipped);
    eventually("an empty outbox", async || {
        shop.waiting().await.is_empty().then_some(())
    })
    .await;
    shop.process.kill().await;
}

#[tokio::test]
async fn orders_are_paid_while_the_nats_server_is_down_and_published_later() {
    let folder = Folder::new();
    let address = free_address();
    let shop = Shop::start(&folder, address, &[]).await;
    let first = shop.buy().await;
    let waiting = shop.waiting().await;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert_eq!(
        waiting[1].summary,
        format!(
            "bookstore.cart.v1.order.paid of the order {} for other systems",
            first.order_id
        )
    );
    eventually("the metric", async || {
        let page = shop.process.metrics_page().await.body;
        let metric = "outbox_pending{topic=\"order-events\"} 2";
        page.contains(metric).then_some(())
    })
    .await;

    let nats = NatsServer::start(&folder, address, "");
    let stream = nats.stream(ConnectOptions::new).await;
    stored_events(&stream, 2).await;
    drop(nats);
    let second = shop.buy().await;
    shop.ship(&second).await;

    let nats = NatsServer::start(&folder, address, "");
    let stream = nats.stream(ConnectOptions::new).await;
    let events = stored_events(&stream, 5).await;
    assert_eq!(
        subjects(&events),
        ["placed", "paid", "placed", "paid", "shipped"]
    );
    assert_eq!(events[1].event.order_id, first.order_id);
    assert_eq!(events[4].event.order_id, second.order_id);
    shop.process.stop().await;
}

#[tokio::test]
async fn event_that_was_published_before_a_crash_is_stored_once() {
    let folder = Folder::new();
    let address = free_address();
    let countdown = folder.path("countdown");
    let variable = (
        "BINDERY_CRASH_COUNTDOWN",
        countdown.to_str().expect("UTF-8"),
    );
    let url = format!("--nats-url=nats://{address}");
    let arguments = ["up", &url, "--log=info,events=debug"];
    let mut process = TestProcess::with_variables(&folder, &arguments, &[variable]);
    let token = open_account(&process, &folder.path("data"), "ada@example.org").await;
    let placed = place_order(&process, &token, &[(7, 2)]).await;
    wait_until_paid(&process, placed, &token).await;

    // The order passes no more points, so the next one is where the event is published and not
    // acknowledged.
    eventually("the end of the order", async || {
        let page = process.metrics_page().await.body;
        page.contains("outbox_pending{topic=\"orders\"} 0")
            .then_some(())
    })
    .await;
    folder.write("countdown", "0");
    let nats = NatsServer::start(&folder, address, "");
    let stream = nats.stream(ConnectOptions::new).await;
    let limit = std::time::Duration::from_secs(30);
    let (code, _) = process.wait_for_exit(limit).await;
    assert_eq!(code, 128 + 6, "it aborts");
    assert_eq!(subjects(&stored_events(&stream, 1).await), ["placed"]);

    let process = TestProcess::start(&folder, &arguments);
    let events = stored_events(&stream, 2).await;
    assert_eq!(subjects(&events), ["placed", "paid"]);
    let log = process.log();
    assert!(log.contains("the stream has the event already"), "{log}");
    process.stop().await;
}

#[tokio::test]
async fn log_says_what_to_do_when_nats_refuses_the_credentials() {
    let folder = Folder::new();
    let address = free_address();
    let nats = NatsServer::start(&folder, address, "authorization { token: \"right\" }");
    let stream = nats
        .stream(|| ConnectOptions::with_token("right".to_owned()))
        .await;
    let token = |content| {
        let file = folder.write_secret("nats.token", content, 0o600);
        format!("--nats-token-file={}", file.display())
    };
    let shop = Shop::start(&folder, address, &[&token("wrong")]).await;
    shop.buy().await;
    eventually("the reason", async || {
        let advice = "check --nats-credentials-file, --nats-token-file";
        shop.process.log().contains(advice).then_some(())
    })
    .await;
    shop.process.stop().await;

    let url = format!("--nats-url=nats://{address}");
    let process = TestProcess::start(&folder, &["up", &url, &token("right\n")]);
    let events = stored_events(&stream, 2).await;
    assert_eq!(subjects(&events), ["placed", "paid"]);
    process.stop().await;
}

#[tokio::test]
async fn operator_sees_that_no_stream_stores_the_events() {
    let folder = Folder::new();
    let address = free_address();
    let nats = NatsServer::start(&folder, address, "");
    let shop = Shop::start(&folder, address, &[]).await;
    shop.buy().await;
    let error = eventually("a failed delivery", async || {
        let waiting = shop.waiting().await;
        let mut errors = waiting.into_iter().map(|message| message.last_error);
        errors.find(|error| !error.is_empty())
    })
    .await;
    assert_eq!(
        error,
        "no stream of JetStream stores bookstore.cart.v1.order.placed: create one, for example \
         by nats stream add BOOKSTORE --subjects 'bookstore.>'"
    );
    let stream = nats.stream(ConnectOptions::new).await;
    let events = stored_events(&stream, 2).await;
    assert_eq!(subjects(&events), ["placed", "paid"]);
    shop.process.stop().await;
}

#[tokio::test]
async fn nats_server_is_reached_by_mutual_tls() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let authority = folder.path("certs/ca.pem");
    let (certificate, key) = certificates.server_identity("inventory");
    let configuration = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}",
        certificate.display(),
        key.display(),
        authority.display()
    );
    let address = free_address();
    let nats = NatsServer::start(&folder, address, &configuration);
    let (certificate, key) = certificates.identity("client");
    let stream = nats
        .stream(|| {
            ConnectOptions::new()
                .require_tls(true)
                .add_root_certificates(authority.clone())
                .add_client_certificate(certificate.clone(), key.clone())
        })
        .await;

    let url = format!("--nats-url=tls://localhost:{}", address.port());
    let flags = [
        ("--tls-ca", &authority),
        ("--tls-client-cert", &certificate),
        ("--tls-client-key", &key),
    ];
    let flags = flags.map(|(flag, file)| format!("{flag}={}", file.display()));
    let [ca, certificate, key] = &flags;
    let arguments = ["up", &url, ca, certificate, key];
    let process = TestProcess::start(&folder, &arguments);
    let token = open_account(&process, &folder.path("data"), "ada@example.org").await;
    place_order(&process, &token, &[(7, 2)]).await;
    let events = stored_events(&stream, 2).await;
    assert_eq!(subjects(&events), ["placed", "paid"]);
    process.stop().await;
}

#[tokio::test]
async fn credentials_that_may_only_publish_are_enough() {
    let folder = Folder::new();
    let address = free_address();
    let account = NatsAccount::new();
    let nats = NatsServer::start(&folder, address, &account.configuration());
    let other_system = account.credentials(">", ">");
    let stream = nats
        .stream(|| ConnectOptions::with_credentials(&other_system).expect("they are valid"))
        .await;
    let credentials = account.credentials("bookstore.>", "_INBOX.>");
    let file = folder.write_secret("nats.creds", &credentials, 0o600);
    let flag = format!("--nats-credentials-file={}", file.display());
    let shop = Shop::start(&folder, address, &[&flag]).await;
    shop.buy().await;
    let events = stored_events(&stream, 2).await;
    assert_eq!(subjects(&events), ["placed", "paid"]);
    shop.process.stop().await;
}
