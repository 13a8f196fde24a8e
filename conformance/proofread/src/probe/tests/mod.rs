//! The probe against small real servers: a correct one and misbehaving ones.

mod certificates;
mod refresh;
pub(crate) mod servers;
mod tls;

use std::time::Duration;

use super::*;
use crate::{contract::Contract, outcome::Answer};
use servers::{
    Misbehaviour, book_server, http1_server, misbehaving_server, server_that_sends, silent_listener,
};

/// The timeout for events that must not happen.
const SHORT: Duration = Duration::from_millis(300);
/// The timeout for events that must happen, also on a busy machine.
const LONG: Duration = Duration::from_secs(30);
const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";

fn target(uri: impl Into<String>) -> Target {
    Target {
        connect_timeout: LONG,
        ..Target::new(uri)
    }
}

async fn connect_error(uri: impl Into<String>) -> String {
    connect_error_of(&target(uri)).await
}

async fn connect_error_of(target: &Target) -> String {
    let error = Probe::connect(target).await;
    error.expect_err("no gRPC server is there").to_string()
}

fn answered(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Answered(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

/// A framed GetBookRequest with this book id.
fn book(number: u8) -> RawBody {
    RawBody::new(frame(0, &[8, number]))
}

#[tokio::test]
async fn answer_has_headers_message_and_trailers() {
    let server = book_server().await;
    let probe = Probe::connect(&target(server.uri())).await;
    let probe = probe.expect("the server is there");
    let answer = answered(probe.call(GET_BOOK, &[], book(1), LONG).await);
    assert_eq!((answer.http_status, answer.grpc_code()), (200, Some(0)));
    assert_eq!(answer.messages.len(), 1);
    assert!(answer.rest.is_empty() && !answer.stopped_early);
    let refused = answered(probe.call(GET_BOOK, &[], book(0), LONG).await);
    assert_eq!(refused.grpc_code(), Some(3));
    assert!(refused.trailer("grpc-status-details-bin").is_some());
}

#[tokio::test]
async fn many_calls_share_few_connections() {
    let server = book_server().await;
    let probe = Probe::connect(&target(server.uri())).await;
    let probe = probe.expect("the server is there");
    let calls = (0..200).map(|_| probe.call(GET_BOOK, &[], book(1), LONG));
    for outcome in futures::future::join_all(calls).await {
        assert_eq!(answered(outcome).grpc_code(), Some(0));
    }
}

#[tokio::test]
async fn stream_is_left_after_enough_messages() {
    let server = book_server().await;
    let probe = Probe::connect(&target(server.uri())).await;
    let probe = probe.expect("the server is there");
    let limits = ReadLimits {
        max_messages: 1,
        first_message_timeout: LONG,
        idle_timeout: SHORT,
    };
    let body = RawBody::new(frame(0, &[10, 1, 1])).with_read_limits(limits);
    let path = "/bookstore.inventory.v1.InventoryService/WatchStock";
    let answer = answered(probe.call(path, &[], body, LONG).await);
    assert_eq!((answer.messages.len(), answer.stopped_early), (1, true));
}

#[tokio::test]
async fn call_headers_replace_or_remove_metadata() {
    let server = book_server().await;
    let mut target = target(server.uri());
    target.metadata.push(Metadata {
        key: "authorization".to_owned(),
        value: b"Bearer wrong".to_vec(),
        methods: Some("*/Set*".to_owned()),
        ..Metadata::default()
    });
    let probe = Probe::connect(&target).await.expect("the server is there");
    let path = "/bookstore.inventory.v1.InventoryService/SetStock";
    let contract = Contract::decode(contract::IMAGE).expect("the contract decodes");
    let has_credential_for = |path: &str| {
        let method = contract.methods().find(|method| method.path == path);
        probe.has_credential_for(method.expect("it is in the contract"))
    };
    assert!(has_credential_for(path) && has_credential_for(GET_BOOK));
    assert!(!has_credential_for(
        "/bookstore.inventory.v1.InventoryService/ReserveStock"
    ));
    let code = async |value: Option<&str>| {
        let header = |value: &str| ("authorization".to_owned(), value.as_bytes().to_vec());
        let headers: Vec<_> = value.map(header).into_iter().collect();
        let body = RawBody::new(frame(0, &[8, 1, 16, 1]));
        answered(probe.call(path, &headers, body, LONG).await).grpc_code()
    };
    assert_eq!(code(None).await, Some(7));
    assert_eq!(code(Some("")).await, Some(16));
    let right = format!("Bearer {}", servers::TOKEN);
    assert_eq!(code(Some(&right)).await, Some(0));
}

#[tokio::test]
async fn timeouts_resets_and_broken_connections_have_different_outcomes() {
    let call_within = async |timeout, then| {
        let address = misbehaving_server(then).await;
        let probe = Probe::connect(&target(address)).await;
        let probe = probe.expect("it speaks HTTP/2");
        probe.call(GET_BOOK, &[], book(1), timeout).await
    };
    let silent = call_within(SHORT, Misbehaviour::NoAnswer).await;
    assert!(matches!(silent, Outcome::TimedOut { after } if after == SHORT));
    let call = async |then| call_within(LONG, then).await;
    let reset = call(Misbehaviour::Reset(2)).await;
    assert!(matches!(reset, Outcome::Reset { code: 2 }), "{reset:?}");
    let broken = call(Misbehaviour::CloseConnection).await;
    assert!(matches!(broken, Outcome::Broken { .. }), "{broken:?}");
    let half = call(Misbehaviour::PartialMessage).await;
    assert!(matches!(half, Outcome::Broken { .. }), "{half:?}");
    let no_frame = answered(call(Misbehaviour::NoFrame).await);
    assert_eq!((no_frame.grpc_code(), no_frame.rest.len()), (Some(0), 7));
}

#[tokio::test]
async fn broken_connection_is_replaced_and_stopped_server_is_unreachable() {
    let mut server = book_server().await;
    let target = Target {
        connections: 1,
        ..target(server.uri())
    };
    let probe = Probe::connect(&target).await.expect("the server is there");
    server.stop().await;
    let stopped = probe.call(GET_BOOK, &[], book(1), LONG).await;
    let Outcome::Unreachable { cause } = stopped else {
        panic!("the server is stopped: {stopped:?}");
    };
    assert!(cause.contains("nothing listens"), "{cause}");
    assert!(probe.reachable().await.is_err());
    server.start().await;
    let again = answered(probe.call(GET_BOOK, &[], book(1), LONG).await);
    assert_eq!(again.grpc_code(), Some(0));
}

#[tokio::test]
async fn connect_errors_are_one_line_with_the_cause() {
    let free = silent_listener().await;
    let address = free.local_addr().expect("bound").to_string();
    let impatient = Target {
        connect_timeout: SHORT,
        ..Target::new(address.clone())
    };
    let line = connect_error_of(&impatient).await;
    assert!(line.contains("sends nothing for 300ms"), "{line}");
    drop(free);
    let line = connect_error(address).await;
    assert!(line.contains("nothing listens"), "{line}");

    let line = connect_error(http1_server().await).await;
    assert!(
        line.contains("speaks HTTP/1 (\"HTTP/1.1 400 Bad Request\")"),
        "{line}"
    );
    let line = connect_error(server_that_sends(b"220 mail.example ESMTP\r\n").await).await;
    assert!(line.contains("begins with \"220 mail"), "{line}");
    let line = connect_error(server_that_sends(b"").await).await;
    assert!(line.contains("closes the connection"), "{line}");
    for (uri, expected) in [
        ("ftp://localhost:1", "neither http nor https"),
        ("http://localhost:1/path", "gRPC addresses have no path"),
        ("http://", "not the address of a server"),
        ("http://a b", "not the address of a server"),
    ] {
        let line = connect_error(uri).await;
        assert!(line.contains(expected), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}
