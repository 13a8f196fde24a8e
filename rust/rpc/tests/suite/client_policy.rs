//! What a channel adds to the calls of every client: retries, their budget, the circuit
//! breaker and deadlines.

use std::time::{Duration, Instant};

use contract::errors::shared::STORE_UNAVAILABLE;
use futures::future::join_all;
use rpc::failure;
use tonic::{Code, Status};

use crate::scripted_server::{Answer, ScriptedServer, call};

/// NO_SIDE_EFFECTS.
const GET_BOOK: &str = "bookstore.inventory.v1.InventoryService/GetBook";
/// IDEMPOTENT.
const SET_STOCK: &str = "bookstore.inventory.v1.InventoryService/SetStock";
/// Without an idempotency level.
const PROCESS_PAYMENT: &str = "payment.PaymentService/ProcessPayment";
const IMPORT_BOOKS: &str = "bookstore.inventory.v1.InventoryService/ImportBooks";
const WATCH_STOCK: &str = "bookstore.inventory.v1.InventoryService/WatchStock";
const HEALTH: &str = "grpc.health.v1.Health/Check";

/// The server as a whole is unavailable, for example because it stops.
fn unavailable() -> Answer {
    Answer::Fails(Status::unavailable("the server stops"))
}

/// One method is unavailable; the server answers.
fn store_unavailable() -> Answer {
    Answer::Fails(failure(STORE_UNAVAILABLE, "no database").into_status())
}

fn retry_after(code: Code, delay: Duration) -> Answer {
    use tonic_types::{ErrorDetails, StatusExt};
    let details = ErrorDetails::with_retry_info(Some(delay));
    Answer::Fails(Status::with_error_details(code, "later", details))
}

#[tokio::test]
async fn idempotent_call_succeeds_after_two_failures() {
    for method in [GET_BOOK, SET_STOCK] {
        let (server, channel) = ScriptedServer::start().await;
        server.script([unavailable(), unavailable()]);
        call(&channel, method, "").await.expect("the third attempt");
        let calls = server.calls();
        let previous = calls.iter().map(|headers| {
            let header = headers.get("grpc-previous-rpc-attempts")?;
            header.to_str().ok()
        });
        assert_eq!(previous.collect::<Vec<_>>(), [None, Some("1"), Some("2")]);
    }
}

#[tokio::test]
async fn there_are_at_most_four_attempts() {
    let (server, channel) = ScriptedServer::start().await;
    server.otherwise(Some(unavailable()));
    let status = call(&channel, GET_BOOK, "").await.expect_err("all fail");
    assert_eq!(status.message(), "the server stops");
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn call_that_must_not_be_repeated_is_made_once() {
    for method in [PROCESS_PAYMENT, IMPORT_BOOKS, WATCH_STOCK, HEALTH] {
        let (server, channel) = ScriptedServer::start().await;
        server.script([unavailable()]);
        let status = call(&channel, method, "").await.expect_err("it fails");
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(server.calls().len(), 1, "{method}");
    }
}

#[tokio::test]
async fn channel_without_retries_makes_one_attempt() {
    let (server, channel) = ScriptedServer::start().await;
    server.script([unavailable()]);
    let channel = channel.without_retries();
    let status = call(&channel, GET_BOOK, "").await;
    status.expect_err("there is no second attempt");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn call_that_was_not_processed_is_repeated_in_any_case() {
    let (server, channel) = ScriptedServer::start().await;
    server.script([Answer::Refuses]);
    let result = call(&channel, PROCESS_PAYMENT, "").await;
    result.expect("the second attempt");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn failures_of_the_request_are_not_repeated() {
    for code in [Code::Internal, Code::ResourceExhausted, Code::Aborted] {
        let (server, channel) = ScriptedServer::start().await;
        server.script([Answer::Fails(Status::new(code, "no"))]);
        let status = call(&channel, GET_BOOK, "").await.expect_err("it fails");
        assert_eq!((status.code(), server.calls().len()), (code, 1));
    }
}

#[tokio::test]
async fn delay_of_the_server_is_kept() {
    for code in [Code::ResourceExhausted, Code::Aborted, Code::Unavailable] {
        let (server, channel) = ScriptedServer::start().await;
        let delay = Duration::from_millis(200);
        server.script([retry_after(code, delay)]);
        let began = Instant::now();
        let result = call(&channel, GET_BOOK, "").await;
        result.expect("the second attempt");
        assert!(began.elapsed() >= delay, "{code:?} {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn attempt_that_would_come_too_late_is_not_made() {
    let (server, channel) = ScriptedServer::start().await;
    server.otherwise(Some(retry_after(
        Code::Unavailable,
        Duration::from_secs(60),
    )));
    let status = call(&channel, GET_BOOK, "30S").await.expect_err("it fails");
    // At once, and with the reason and not DEADLINE_EXCEEDED.
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "later")
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn deadline_covers_all_attempts() {
    let (server, channel) = ScriptedServer::start().await;
    server.script([unavailable(), Answer::Hangs]);
    let began = Instant::now();
    let result = call(&channel, GET_BOOK, "600m").await;
    assert_eq!(result.expect_err("it hangs").code(), Code::DeadlineExceeded);
    let took = began.elapsed();
    let deadline = Duration::from_millis(600);
    assert!(took >= deadline && took < deadline * 5, "{took:?}");
    let calls = server.calls();
    let timeouts = calls.iter().map(|headers| {
        let header = headers["grpc-timeout"].as_bytes();
        rpc::parse_timeout(header).expect("a timeout")
    });
    let timeouts: Vec<_> = timeouts.collect();
    assert!(timeouts[1] < timeouts[0] && timeouts[0] <= deadline);
}

#[tokio::test]
async fn unary_call_without_a_deadline_gets_one() {
    let (server, channel) = ScriptedServer::start().await;
    call(&channel, GET_BOOK, "").await.expect("a response");
    call(&channel, WATCH_STOCK, "").await.expect("a response");
    let calls = server.calls();
    let timeout = rpc::parse_timeout(calls[0]["grpc-timeout"].as_bytes()).expect("a timeout");
    assert!(timeout > Duration::from_secs(5) && timeout <= Duration::from_secs(10));
    assert_eq!(calls[1].get("grpc-timeout"), None);
}

#[tokio::test]
async fn budget_limits_the_retries_of_many_calls() {
    const CALLS: usize = 400;
    let (server, channel) = ScriptedServer::start().await;
    server.otherwise(Some(store_unavailable()));
    let results = join_all((0..CALLS).map(|_| call(&channel, GET_BOOK, ""))).await;
    assert!(results.iter().all(Result::is_err));
    let attempts = server.calls().len();
    // A fifth of the calls, and ten a second for the ten seconds that the budget covers.
    assert!(attempts <= CALLS + CALLS / 5 + 100, "{attempts}");
    assert!(attempts > CALLS, "some calls are retried");
}

#[tokio::test]
async fn breaker_opens_and_closes_again() {
    let (server, channel) = ScriptedServer::start().await;
    server.otherwise(Some(unavailable()));
    for _ in 0..2 {
        call(&channel, GET_BOOK, "").await.expect_err("it fails");
    }
    let attempts = server.calls().len();
    assert_eq!(attempts, 5, "the breaker has opened");
    let status = call(&channel, SET_STOCK, "").await.expect_err("it is open");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("does not answer"), "{status}");
    assert_eq!(server.calls().len(), attempts, "nothing was sent");

    server.otherwise(None);
    call(&channel, HEALTH, "").await.expect("health is asked");
    let closed = async { while call(&channel, GET_BOOK, "").await.is_err() {} };
    let in_time = tokio::time::timeout(Duration::from_secs(10), closed).await;
    in_time.expect("a probe closes the breaker");
}

#[tokio::test]
async fn unavailable_method_does_not_open_the_breaker() {
    let (server, channel) = ScriptedServer::start().await;
    let channel = channel.without_retries();
    server.otherwise(Some(store_unavailable()));
    for _ in 0..20 {
        call(&channel, SET_STOCK, "")
            .await
            .expect_err("no database");
    }
    assert_eq!(server.calls().len(), 20);
}
