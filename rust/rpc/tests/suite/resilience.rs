//! Panics, load shedding and late channels: one call must not affect the others.

use std::time::Duration;

use contract::bookstore::inventory::v1::{
    GetBookRequest, WatchStockRequest, inventory_service_client::InventoryServiceClient,
};
use prost::Message;
use rpc::{Channel, LateChannel, Options};
use tokio::time::Instant;
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::pb;

use crate::{
    fakes::{ECHO, NEVER_ANSWERS, PANICS, WAITS_FOR_GATE},
    harness::{Server, Transport, details, error_info, eventually, on_both_transports, options},
};

on_both_transports!(
    panic_fails_only_its_own_call,
    panic_in_a_stream_ends_the_stream,
    calls_over_the_limit_are_shed,
    cancelled_call_releases_its_permit,
    streams_have_a_separate_limit,
);

async fn panic_fails_only_its_own_call(transport: Transport) {
    let server = Server::start(transport).await;
    for _ in 0..3 {
        let status = server.get_book(PANICS).await.expect_err("it panics");
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error")
        );
        server.get_book(ECHO).await.expect("the next call works");
    }
}

async fn panic_in_a_stream_ends_the_stream(transport: Transport) {
    let server = Server::start(transport).await;
    let request = WatchStockRequest {
        book_ids: vec![PANICS],
    };
    let response = server.inventory().watch_stock(request).await;
    let mut levels = response.expect("a stream").into_inner();
    levels.message().await.expect("the first level");
    let status = levels.message().await.expect_err("it panics");
    assert_eq!(status.code(), Code::Internal);
    server.get_book(ECHO).await.expect("the next call works");
}

fn two_permits() -> Options {
    Options {
        max_calls: 2,
        max_streams: 1,
        ..options()
    }
}

async fn calls_over_the_limit_are_shed(transport: Transport) {
    let server = Server::with(transport, two_permits()).await;
    let shed = async {
        server.gate.wait_for_calls(2).await;
        let status = server
            .get_book(ECHO)
            .await
            .expect_err("there are two already");
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(error_info(&status).reason, "OVERLOADED");
        let retry = pb::RetryInfo::decode(&*details(&status)[1].1).expect("a delay");
        assert!(retry.retry_delay.is_some());

        let mut health = HealthClient::new(server.channel.clone());
        health
            .check(HealthCheckRequest::default())
            .await
            .expect("health is never shed");

        server.gate.open();
    };
    let (first, second, ()) = tokio::join!(
        server.get_book(WAITS_FOR_GATE),
        server.get_book(WAITS_FOR_GATE),
        shed
    );
    assert!(first.is_ok() && second.is_ok());
    server.get_book(ECHO).await.expect("there is room again");
}

async fn cancelled_call_releases_its_permit(transport: Transport) {
    let server = Server::with(transport, two_permits()).await;
    for _ in 0..5 {
        let never = server.get_book(NEVER_ANSWERS);
        let result = tokio::time::timeout(Duration::from_millis(30), never).await;
        assert!(result.is_err(), "it does not respond");
    }
    // Over TCP the server notices the cancellation a little later.
    eventually(async || server.get_book(ECHO).await.is_ok()).await;
}

async fn streams_have_a_separate_limit(transport: Transport) {
    let server = Server::with(transport, two_permits()).await;
    let watch = || async {
        let request = WatchStockRequest {
            book_ids: vec![NEVER_ANSWERS],
        };
        server.inventory().watch_stock(request).await
    };
    let open = watch().await.expect("the only stream");
    let status = watch().await.expect_err("one too many");
    assert_eq!(status.code(), Code::ResourceExhausted);
    server.get_book(ECHO).await.expect("calls are not affected");
    drop(open);
    eventually(async || watch().await.is_ok()).await;
}

#[tokio::test(start_paused = true)]
async fn late_channel_waits_until_it_is_set() {
    let server = Server::start(Transport::InProcess).await;
    let (channel, setter) = LateChannel::new();
    let call = get_book(&channel, 10_000);
    let set = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        setter.set(server.channel.clone());
    };
    let (result, ()) = tokio::join!(call, set);
    let title = result.expect("it has waited");
    assert!(title.contains(" 7000000u "), "the remaining time: {title}");
}

#[tokio::test(start_paused = true)]
async fn late_channel_waits_until_the_deadline() {
    let (channel, setter) = LateChannel::new();
    let began = Instant::now();
    let status = get_book(&channel, 500).await.expect_err("it is not set");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(began.elapsed() < Duration::from_millis(510));
    drop(setter);
    let status = get_book(&channel, 500).await.expect_err("it never will be");
    assert_eq!(status.code(), Code::Unavailable);
}

/// The metadata of the request as the fake inventory received it.
async fn get_book(channel: &Channel, timeout_millis: u64) -> Result<String, Status> {
    let mut request = Request::new(GetBookRequest { book_id: ECHO });
    request.set_timeout(Duration::from_millis(timeout_millis));
    let mut client = InventoryServiceClient::new(channel.clone());
    let response = client.get_book(request).await?;
    Ok(response.into_inner().book.expect("required").title)
}
