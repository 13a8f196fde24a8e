//! Injected faults, and what the policies of servers and channels make of them.

use std::time::Duration;

use contract::bookstore::{
    faults::v1::{
        ActiveFault, BlackHoleEffect, ErrorEffect, Fault, HangUpEffect, LatencyEffect,
        ListFaultsRequest, RemoveFaultRequest, SetFaultRequest,
        fault_service_client::FaultServiceClient,
    },
    inventory::v1::{
        BookCategory, GetBookRequest, SetStockRequest,
        inventory_service_client::InventoryServiceClient,
    },
    recommendations::v1::RecommendRequest,
};
use futures::{FutureExt as _, StreamExt as _, future::join_all, stream::FuturesUnordered};
use rpc::{Channel, Faults, Options};
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    fakes::ECHO,
    harness::{Server, TOKEN, Transport, error_info, eventually, on_both_transports, options},
};

const INVENTORY: &str = "bookstore.inventory.v1.InventoryService";
const RECOMMENDATIONS: &str = "bookstore.recommendations.v1.RecommendationService";

on_both_transports!(
    faults_must_be_allowed,
    fault_is_listed_and_removed,
    unknown_targets_are_refused,
    invalid_faults_are_refused,
    only_the_operator_sets_faults,
    latency_ends_by_the_deadline,
    delayed_call_is_handled,
    error_reaches_a_caller_that_does_not_retry,
    black_hole_leaves_other_services_alone,
    hang_up_makes_the_call_unavailable,
    service_is_healthy,
);

fn allowing_faults() -> Options {
    Options {
        faults: Some(Faults::new(true)),
        ..options()
    }
}

async fn start(transport: Transport) -> Server {
    Server::with(transport, allowing_faults()).await
}

/// A channel that retries, to a server over TCP.
fn retrying(server: &Server) -> Channel {
    let address = server.address.expect("a socket");
    Channel::connect(&format!("http://{address}")).expect("an address")
}

fn client(server: &Server) -> FaultServiceClient<Channel> {
    FaultServiceClient::new(server.channel.clone().with_operator_token(TOKEN))
}

/// A fault of every call.
fn fault(service: &str, method: &str, mut effect: Fault) -> Fault {
    service.clone_into(&mut effect.service);
    method.clone_into(&mut effect.method);
    effect.percent = 100;
    effect
}

fn error(code: Code) -> Fault {
    Fault {
        error: Some(ErrorEffect { code: code as i32 }),
        ..Fault::default()
    }
}

fn hang_up() -> Fault {
    Fault {
        hang_up: Some(HangUpEffect {}),
        ..Fault::default()
    }
}

fn black_hole() -> Fault {
    Fault {
        black_hole: Some(BlackHoleEffect {}),
        ..Fault::default()
    }
}

fn latency(millis: i32) -> Fault {
    let delay = prost_types::Duration {
        seconds: i64::from(millis / 1000),
        nanos: millis % 1000 * 1_000_000,
    };
    Fault {
        latency: Some(LatencyEffect {
            delay: Some(delay),
            jitter: None,
        }),
        ..Fault::default()
    }
}

fn for_a_minute(fault: Fault) -> SetFaultRequest {
    SetFaultRequest {
        fault: Some(fault),
        lifetime: Some(prost_types::Duration {
            seconds: 60,
            nanos: 0,
        }),
    }
}

async fn set(server: &Server, fault: Fault) {
    let set = client(server).set_fault(for_a_minute(fault)).await;
    set.expect("the fault is set");
}

async fn remove(server: &Server, service: &str, method: &str) {
    let (service, method) = (service.to_owned(), method.to_owned());
    let request = RemoveFaultRequest { service, method };
    let removed = client(server).remove_fault(request).await;
    removed.expect("no fault is left");
}

async fn list(server: &Server) -> Vec<ActiveFault> {
    let listed = client(server).list_faults(ListFaultsRequest {}).await;
    listed.expect("a list").into_inner().faults
}

/// Gets a book within a time.
async fn get_book(server: &Server, within: Duration) -> Result<(), Status> {
    let mut request = Request::new(GetBookRequest { book_id: ECHO });
    request.set_timeout(within);
    server.inventory().get_book(request).await.map(drop)
}

async fn get_book_by(channel: &Channel) -> Result<(), Status> {
    let mut client = InventoryServiceClient::new(channel.clone());
    let answer = client.get_book(GetBookRequest { book_id: ECHO }).await;
    answer.map(drop)
}

fn recommend_request() -> Request<RecommendRequest> {
    Request::new(RecommendRequest {
        category: BookCategory::Mystery.into(),
        max_results: ECHO,
        ..RecommendRequest::default()
    })
}

async fn recommend(server: &Server) -> Result<(), Status> {
    let mut client = server.recommendations();
    client.recommend(recommend_request()).await.map(drop)
}

async fn faults_must_be_allowed(transport: Transport) {
    let closed = Options {
        faults: Some(Faults::new(false)),
        ..options()
    };
    let server = Server::with(transport, closed).await;
    let request = for_a_minute(fault(INVENTORY, "", error(Code::Internal)));
    let refused = client(&server).set_fault(request).await;
    let status = refused.expect_err("the process injects no faults");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(error_info(&status).reason, "FAULT_INJECTION_NOT_ALLOWED");
    let listed = client(&server).list_faults(ListFaultsRequest {}).await;
    assert!(!listed.expect("a list").into_inner().allowed);
    server.get_book(ECHO).await.expect("nothing is injected");
}

async fn fault_is_listed_and_removed(transport: Transport) {
    let server = start(transport).await;
    let sent = Fault {
        percent: 50,
        max_calls: Some(7),
        ..fault(INVENTORY, "GetBook", latency(1500))
    };
    set(&server, sent.clone()).await;
    let listed = list(&server).await;
    assert_eq!(listed.len(), 1);
    let received = listed[0].fault.clone().expect("required");
    assert_eq!((received.percent, received.max_calls), (50, Some(7)));
    assert_eq!(received.method, "GetBook");
    let remaining = listed[0].remaining.expect("required");
    assert!((58..=60).contains(&remaining.seconds), "{remaining}");
    remove(&server, INVENTORY, "").await;
    assert_eq!(list(&server).await.len(), 1, "that of the method stays");
    remove(&server, INVENTORY, "GetBook").await;
    assert!(list(&server).await.is_empty());
    remove(&server, INVENTORY, "GetBook").await;
}

async fn unknown_targets_are_refused(transport: Transport) {
    let server = start(transport).await;
    for (service, method) in [
        ("no.such.Service", ""),
        (INVENTORY, "NoSuchMethod"),
        // In the contract, but not served.
        ("bookstore.cart.v1.CartService", ""),
        ("bookstore.faults.v1.FaultService", ""),
        ("bookstore.faults.v1.FaultService", "RemoveFault"),
        ("grpc.health.v1.Health", ""),
    ] {
        let request = for_a_minute(fault(service, method, error(Code::Internal)));
        let refused = client(&server).set_fault(request).await;
        let status = refused.expect_err(service);
        assert_eq!(status.code(), Code::NotFound, "{service}/{method}");
        assert_eq!(error_info(&status).reason, "FAULT_TARGET_NOT_FOUND");
    }
    assert!(list(&server).await.is_empty());
}

async fn invalid_faults_are_refused(transport: Transport) {
    let server = start(transport).await;
    let valid = || fault(INVENTORY, "", error(Code::Internal));
    let seconds = |seconds| prost_types::Duration { seconds, nanos: 0 };
    let lasting = |fault, lifetime| SetFaultRequest {
        fault: Some(fault),
        lifetime: Some(seconds(lifetime)),
    };
    let two_effects = Fault {
        hang_up: Some(HangUpEffect {}),
        ..valid()
    };
    let without_percent = Fault {
        percent: 0,
        ..valid()
    };
    let without_delay = Fault {
        latency: Some(LatencyEffect::default()),
        ..Fault::default()
    };
    for (case, request) in [
        ("no fault", SetFaultRequest::default()),
        ("no lifetime", lasting(valid(), 0)),
        ("a long lifetime", lasting(valid(), 3601)),
        (
            "no effect",
            for_a_minute(fault(INVENTORY, "", Fault::default())),
        ),
        ("two effects", for_a_minute(two_effects)),
        ("no percentage", for_a_minute(without_percent)),
        (
            "code OK",
            for_a_minute(fault(INVENTORY, "", error(Code::Ok))),
        ),
        (
            "no delay",
            for_a_minute(fault(INVENTORY, "", without_delay)),
        ),
        (
            "long delay",
            for_a_minute(fault(INVENTORY, "", latency(60_001))),
        ),
    ] {
        let refused = client(&server).set_fault(request).await;
        let status = refused.expect_err(case);
        assert_eq!(status.code(), Code::InvalidArgument, "{case}: {status}");
    }
}

async fn only_the_operator_sets_faults(transport: Transport) {
    let server = start(transport).await;
    let mut anonymous = FaultServiceClient::new(server.channel.clone());
    let request = for_a_minute(fault(INVENTORY, "", error(Code::Internal)));
    let refused = anonymous.set_fault(request).await;
    let status = refused.expect_err("there is no token");
    assert_eq!(status.code(), Code::Unauthenticated);
    let refused = anonymous.list_faults(ListFaultsRequest {}).await;
    refused.expect_err("there is no token");
    let wrong = server.channel.clone().with_operator_token("wrong");
    let refused = FaultServiceClient::new(wrong)
        .remove_fault(RemoveFaultRequest {
            service: INVENTORY.to_owned(),
            method: String::new(),
        })
        .await;
    let status = refused.expect_err("the token is wrong");
    assert_eq!(status.code(), Code::PermissionDenied);
}

async fn latency_ends_by_the_deadline(transport: Transport) {
    let server = start(transport).await;
    set(&server, fault(INVENTORY, "", latency(60_000))).await;
    let began = Instant::now();
    let deadline = Duration::from_millis(100);
    let status = get_book(&server, deadline).await.expect_err("it waits");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(began.elapsed() < Duration::from_secs(10), "{began:?}");
    assert_eq!(list(&server).await[0].affected_calls, 1);
}

async fn delayed_call_is_handled(transport: Transport) {
    let server = start(transport).await;
    set(&server, fault(INVENTORY, "GetBook", latency(50))).await;
    let began = Instant::now();
    server.get_book(ECHO).await.expect("it is handled");
    assert!(began.elapsed() >= Duration::from_millis(50));
}

async fn error_reaches_a_caller_that_does_not_retry(transport: Transport) {
    let server = start(transport).await;
    for code in [Code::Unavailable, Code::DataLoss, Code::Internal] {
        set(&server, fault(INVENTORY, "GetBook", error(code))).await;
        let status = server.get_book(ECHO).await.expect_err("it fails");
        assert_eq!(status.code(), code);
        let stock = SetStockRequest {
            book_id: ECHO,
            on_hand: Some(1),
            expected_on_hand: None,
        };
        let other_method = server.operator().set_stock(stock).await;
        other_method.expect("only one method fails");
    }
    // The fault reaches the caller of a caller as well.
    let status = recommend(&server).await.expect_err("it asks Inventory");
    assert_eq!(status.code(), Code::Internal);
    remove(&server, INVENTORY, "GetBook").await;
    server.get_book(ECHO).await.expect("it works again");
}

async fn black_hole_leaves_other_services_alone(transport: Transport) {
    const PERMITS: usize = 2;
    let few_permits = Options {
        max_calls: PERMITS,
        ..allowing_faults()
    };
    let server = Server::with(transport, few_permits).await;
    set(&server, fault(RECOMMENDATIONS, "", black_hole())).await;
    let calls = (0..5).map(|_| async {
        let mut request = recommend_request();
        request.set_timeout(Duration::from_secs(50));
        let answer = server.recommendations().recommend(request).await;
        answer.expect_err("there is no answer").code()
    });
    let mut unanswered: FuturesUnordered<_> = calls.collect();
    for _ in PERMITS..5 {
        // These find no permit of the service; the others hold them.
        assert_eq!(unanswered.next().await, Some(Code::ResourceExhausted));
    }
    for _ in 0..20 {
        server.get_book(ECHO).await.expect("another service");
    }
    assert_eq!(list(&server).await[0].affected_calls, PERMITS as i64);
    assert!(unanswered.next().now_or_never().is_none(), "no answer");
    drop(unanswered);
    remove(&server, RECOMMENDATIONS, "").await;
    // Over TCP the server notices a little later that the callers have gone.
    eventually(async || recommend(&server).await.is_ok()).await;
}

async fn hang_up_makes_the_call_unavailable(transport: Transport) {
    let server = start(transport).await;
    let one_call = Fault {
        max_calls: Some(1),
        ..fault(INVENTORY, "", hang_up())
    };
    set(&server, one_call).await;
    let long = Duration::from_secs(20);
    let status = get_book(&server, long).await.expect_err("a lost call");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    get_book(&server, long).await.expect("the fault has ended");
}

async fn service_is_healthy(transport: Transport) {
    let server = start(transport).await;
    let request = HealthCheckRequest {
        service: "bookstore.faults.v1.FaultService".to_owned(),
    };
    let mut health = HealthClient::new(server.channel.clone());
    let checked = health.check(request).await.expect("it is served");
    assert_eq!(checked.into_inner().status(), ServingStatus::Serving);
}

#[tokio::test]
async fn caller_of_an_idempotent_method_does_not_see_passing_faults() {
    let server = start(Transport::Tcp).await;
    let channel = retrying(&server);
    for effect in [error(Code::Unavailable), hang_up()] {
        let two_calls = Fault {
            max_calls: Some(2),
            ..fault(INVENTORY, "GetBook", effect)
        };
        set(&server, two_calls).await;
        let answer = get_book_by(&channel).await;
        answer.expect("the third attempt succeeds");
        assert!(list(&server).await.is_empty(), "both calls have failed");
    }
}

#[tokio::test]
async fn budget_and_breaker_bound_the_calls_to_a_failing_method() {
    const CALLS: usize = 400;
    let server = start(Transport::Tcp).await;
    let channel = retrying(&server);
    set(&server, fault(INVENTORY, "", error(Code::Unavailable))).await;
    let answers = join_all((0..CALLS).map(|_| get_book_by(&channel))).await;
    assert!(answers.iter().all(Result::is_err));
    let attempts = list(&server).await[0].affected_calls;
    // A fifth of the calls, and ten a second for the ten seconds that the budget covers.
    let most = i64::try_from(CALLS + CALLS / 5 + 100).expect("small");
    assert!(attempts <= most, "{attempts}");
}

#[tokio::test]
async fn breaker_opens_on_hang_ups_and_closes_when_they_end() {
    let server = start(Transport::Tcp).await;
    let channel = retrying(&server).without_retries();
    set(&server, fault(INVENTORY, "", hang_up())).await;
    let message = loop {
        let status = get_book_by(&channel).await.expect_err("a hang-up");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        if status.message().contains("does not answer") {
            break status;
        }
    };
    let attempts = list(&server).await[0].affected_calls;
    assert_eq!(attempts, 5, "the breaker has opened: {message}");
    remove(&server, INVENTORY, "").await;
    let closed = async { while get_book_by(&channel).await.is_err() {} };
    let in_time = timeout(Duration::from_secs(10), closed).await;
    in_time.expect("a probe closes the breaker");
}
