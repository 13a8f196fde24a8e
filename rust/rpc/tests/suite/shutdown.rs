//! Graceful shutdown: the drain of a server.

use std::time::{Duration, Instant};

use contract::bookstore::inventory::v1::WatchStockRequest;
use rpc::{Channel, Options};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    fakes::{ECHO, NEVER_ANSWERS, WAITS_FOR_GATE},
    harness::{Server, Transport, options},
};

#[tokio::test]
async fn shutdown_finishes_calls_and_ends_streams() {
    let mut server = Server::start(Transport::Tcp).await;
    let mut health = HealthClient::new(server.channel.clone());
    let response = health.watch(HealthCheckRequest::default()).await;
    let mut statuses = response.expect("a stream").into_inner();
    let first = statuses
        .message()
        .await
        .expect("a status")
        .expect("not the end");
    assert_eq!(first.status(), ServingStatus::Serving);

    let request = WatchStockRequest {
        book_ids: vec![NEVER_ANSWERS],
    };
    let response = server.inventory().watch_stock(request).await;
    let mut levels = response.expect("a stream").into_inner();
    levels.message().await.expect("the first level");

    let (stop, gate) = (server.stop.take(), server.gate.clone());
    let shutdown = async {
        gate.wait_for_calls(1).await;
        stop.expect("not stopped yet")
            .send(())
            .expect("the server runs");
        let last = statuses
            .message()
            .await
            .expect("a status")
            .expect("not the end");
        assert_eq!(last.status(), ServingStatus::NotServing);
        assert!(statuses.message().await.expect("the end").is_none());
        let status = levels.message().await.expect_err("streams end");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        gate.open();
    };
    let (finished, ()) = tokio::join!(server.get_book(WAITS_FOR_GATE), shutdown);
    assert_eq!(finished.expect("it was in flight"), "waited");
    (&mut server.served)
        .await
        .expect("no panic")
        .expect("a clean end");

    let address = server.address.expect("a socket");
    let late = Channel::connect(&format!("http://{address}")).expect("an address");
    let response = HealthClient::new(late)
        .check(HealthCheckRequest::default())
        .await;
    assert_eq!(
        response.expect_err("nobody listens").code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn drain_ends_after_its_timeout() {
    let options = Options {
        drain_timeout: Duration::from_millis(200),
        ..options()
    };
    let mut server = Server::with(Transport::Tcp, options).await;
    let channel = server.channel.clone();
    let never = tokio::spawn(async move {
        use contract::bookstore::inventory::v1::{
            GetBookRequest, inventory_service_client::InventoryServiceClient,
        };
        let request = GetBookRequest {
            book_id: WAITS_FOR_GATE,
        };
        InventoryServiceClient::new(channel).get_book(request).await
    });
    server.gate.wait_for_calls(1).await;
    let began = Instant::now();
    server.stop();
    (&mut server.served)
        .await
        .expect("no panic")
        .expect("a clean end");
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(200) && took < Duration::from_secs(3),
        "{took:?}"
    );
    let status = never.await.expect("no panic").expect_err("it was cut off");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn lame_duck_serves_while_health_says_not_serving() {
    let options = Options {
        lame_duck: Duration::from_secs(3600),
        ..options()
    };
    let mut server = Server::with(Transport::Tcp, options).await;
    let mut health = HealthClient::new(server.channel.clone());
    let response = health.watch(HealthCheckRequest::default()).await;
    let mut statuses = response.expect("a stream").into_inner();
    let first = statuses.message().await.expect("a status");
    assert_eq!(first.expect("not the end").status(), ServingStatus::Serving);
    server.stop();
    let second = statuses.message().await.expect("a status");
    assert_eq!(
        second.expect("not the end").status(),
        ServingStatus::NotServing
    );
    // A new connection.
    let address = server.address.expect("a socket");
    server.channel = Channel::connect(&format!("http://{address}")).expect("an address");
    server.get_book(ECHO).await.expect("it still serves");
    server.served.abort();
}
