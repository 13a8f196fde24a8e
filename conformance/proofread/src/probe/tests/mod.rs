//! The probe against small real servers: one that is right, and each way to be
//! wrong.

pub(crate) mod servers;
mod tls;

use std::time::Duration;

use super::*;
use crate::{contract::Contract, outcome::Answer};
use servers::{Then, bad_server, book_server, http1_server, silent_port, spoken_port};

/// For what never comes.
const SHORT: Duration = Duration::from_millis(300);
/// For what comes, on a busy machine too.
const LONG: Duration = Duration::from_secs(30);
const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";

fn target(uri: impl Into<String>) -> Target {
    Target {
        connect_timeout: LONG,
        ..Target::new(uri)
    }
}

async fn refused(uri: impl Into<String>) -> String {
    refused_by(&target(uri)).await
}

async fn refused_by(target: &Target) -> String {
    let error = Probe::connect(target).await;
    error.expect_err("no gRPC server is there").to_string()
}

fn answered(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Answered(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

/// A GetBookRequest with this number, framed.
fn book(number: u8) -> RawBody {
    RawBody::new(frame(0, &[8, number]))
}

#[tokio::test]
async fn a_call_is_answered_with_headers_message_and_trailers() {
    let server = book_server().await;
    let probe = Probe::connect(&target(server.uri())).await;
    let probe = probe.expect("the server is there");
    let answer = answered(probe.call(GET_BOOK, &[], book(1), LONG).await);
    assert_eq!((answer.http_status, answer.grpc_code()), (200, Some(0)));
    assert_eq!(answer.messages.len(), 1);
    assert!(answer.rest.is_empty() && !answer.stopped);
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
async fn a_stream_is_left_after_enough_messages() {
    let server = book_server().await;
    let probe = Probe::connect(&target(server.uri())).await;
    let probe = probe.expect("the server is there");
    let stop = Stop {
        messages: 1,
        first: LONG,
        quiet: SHORT,
    };
    let body = RawBody::new(frame(0, &[10, 1, 1])).stopping(stop);
    let path = "/bookstore.inventory.v1.InventoryService/WatchStock";
    let answer = answered(probe.call(path, &[], body, LONG).await);
    assert_eq!((answer.messages.len(), answer.stopped), (1, true));
}

#[tokio::test]
async fn a_header_is_replaced_or_removed() {
    let server = book_server().await;
    let mut target = target(server.uri());
    target.metadata.push(Metadata {
        key: "authorization".to_owned(),
        value: b"Bearer wrong".to_vec(),
        methods: Some("*/Set*".to_owned()),
    });
    let probe = Probe::connect(&target).await.expect("the server is there");
    let path = "/bookstore.inventory.v1.InventoryService/SetStock";
    let contract = Contract::decode(contract::IMAGE).expect("the contract is sound");
    let may_call = |path: &str| {
        let method = contract.methods().find(|method| method.path == path);
        probe.may_call(method.expect("it is in the contract"))
    };
    assert!(may_call(path) && may_call(GET_BOOK));
    assert!(!may_call(
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
async fn silence_resets_and_broken_connections_are_told_apart() {
    let call_within = async |timeout, then| {
        let address = bad_server(then).await;
        let probe = Probe::connect(&target(address)).await;
        let probe = probe.expect("it speaks HTTP/2");
        probe.call(GET_BOOK, &[], book(1), timeout).await
    };
    let silent = call_within(SHORT, Then::Silence).await;
    assert!(matches!(silent, Outcome::TimedOut { after } if after == SHORT));
    let call = async |then| call_within(LONG, then).await;
    let reset = call(Then::Reset(2)).await;
    assert!(matches!(reset, Outcome::Reset { code: 2 }), "{reset:?}");
    let broken = call(Then::Drop).await;
    assert!(matches!(broken, Outcome::Broken { .. }), "{broken:?}");
    let half = call(Then::HalfAnAnswer).await;
    assert!(matches!(half, Outcome::Broken { .. }), "{half:?}");
    let garbage = answered(call(Then::Garbage).await);
    assert_eq!((garbage.grpc_code(), garbage.rest.len()), (Some(0), 7));
}

#[tokio::test]
async fn a_broken_connection_is_made_anew_and_a_dead_server_is_unreachable() {
    let mut server = book_server().await;
    let target = Target {
        connections: 1,
        ..target(server.uri())
    };
    let probe = Probe::connect(&target).await.expect("the server is there");
    server.stop().await;
    let dead = probe.call(GET_BOOK, &[], book(1), LONG).await;
    let Outcome::Unreachable { cause } = dead else {
        panic!("the server is dead: {dead:?}");
    };
    assert!(cause.contains("nothing listens"), "{cause}");
    assert!(probe.reachable().await.is_err());
    server.start().await;
    let again = answered(probe.call(GET_BOOK, &[], book(1), LONG).await);
    assert_eq!(again.grpc_code(), Some(0));
}

#[tokio::test]
async fn what_is_no_grpc_server_gets_one_clear_line() {
    let free = silent_port().await;
    let address = free.local_addr().expect("bound").to_string();
    let impatient = Target {
        connect_timeout: SHORT,
        ..Target::new(address.clone())
    };
    let line = refused_by(&impatient).await;
    assert!(line.contains("says nothing for 300ms"), "{line}");
    drop(free);
    let line = refused(address).await;
    assert!(line.contains("nothing listens"), "{line}");

    let line = refused(http1_server().await).await;
    assert!(
        line.contains("speaks HTTP/1 (\"HTTP/1.1 400 Bad Request\")"),
        "{line}"
    );
    let line = refused(spoken_port(b"220 mail.example ESMTP\r\n").await).await;
    assert!(line.contains("begins with \"220 mail"), "{line}");
    let line = refused(spoken_port(b"").await).await;
    assert!(line.contains("hangs up"), "{line}");
    for (uri, expected) in [
        ("ftp://localhost:1", "neither http nor https"),
        ("http://localhost:1/path", "no place for a path"),
        ("http://", "not the address of a server"),
        ("http://a b", "not the address of a server"),
    ] {
        let line = refused(uri).await;
        assert!(line.contains(expected), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}
