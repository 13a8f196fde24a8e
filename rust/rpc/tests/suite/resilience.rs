//! What a broken handler and too many calls do to the others: nothing.

use std::time::Duration;

use contract::bookstore::inventory::v1::WatchStockRequest;
use prost::Message;
use rpc::{LateChannel, Options};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::pb;

use crate::{
    fakes::{ECHO, NEVER_ANSWERS, PANICS, WAITS_FOR_GATE},
    harness::{Server, Transport, details, error_info, eventually, on_both_transports, options},
};

on_both_transports!(
    a_panic_fails_its_own_call_only,
    a_panic_in_a_stream_ends_the_stream,
    too_many_calls_are_shed,
    a_caller_who_leaves_frees_the_place,
    streams_have_a_limit_of_their_own,
);

async fn a_panic_fails_its_own_call_only(transport: Transport) {
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

async fn a_panic_in_a_stream_ends_the_stream(transport: Transport) {
    let server = Server::start(transport).await;
    let request = WatchStockRequest {
        book_ids: vec![PANICS],
    };
    let answer = server.inventory().watch_stock(request).await;
    let mut levels = answer.expect("a stream").into_inner();
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

async fn too_many_calls_are_shed(transport: Transport) {
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

async fn a_caller_who_leaves_frees_the_place(transport: Transport) {
    let server = Server::with(transport, two_permits()).await;
    for _ in 0..5 {
        let never = server.get_book(NEVER_ANSWERS);
        let left = tokio::time::timeout(Duration::from_millis(30), never).await;
        assert!(left.is_err(), "it does not answer");
    }
    // Over a network the server learns of it a little later.
    eventually(async || server.get_book(ECHO).await.is_ok()).await;
}

async fn streams_have_a_limit_of_their_own(transport: Transport) {
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

#[tokio::test]
async fn a_late_channel_is_unavailable_until_it_is_filled() {
    use contract::bookstore::inventory::v1::{
        GetBookRequest, inventory_service_client::InventoryServiceClient,
    };
    let server = Server::start(Transport::InProcess).await;
    let (channel, setter) = LateChannel::new();
    let mut client = InventoryServiceClient::new(channel);
    let request = GetBookRequest { book_id: ECHO };
    let status = client.get_book(request).await.expect_err("too early");
    assert_eq!(status.code(), Code::Unavailable);
    setter.set(server.channel.clone());
    client.get_book(request).await.expect("in time");
}
