//! A PostgreSQL server that hangs: only the services that need it fail, and they fail fast.

use std::time::{Duration, Instant};

use contract::bookstore::{
    inventory::v1::{
        BookCategory, GetBookRequest, GetBookResponse,
        inventory_service_client::InventoryServiceClient,
    },
    recommendations::v1::RecommendRequest,
};
use rpc::Channel;
use store::{Location, testing::TestServer};
use tokio::task::JoinSet;
use tonic::{Code, Response, Status, Streaming};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
};
use tonic_types::StatusExt;

use crate::test_process::{Folder, TestProcess, eventually};

const INVENTORY: &str = "bookstore.inventory.v1.InventoryService";
const RECOMMENDATIONS: &str = "bookstore.recommendations.v1.RecommendationService";

/// For 200 concurrent calls. When each of them waited five seconds for one of ten
/// connections, they took a hundred.
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn only_services_with_a_database_fail_while_it_hangs() {
    let server = TestServer::start();
    let Location::Postgres(url) = server.location().await else {
        panic!("a PostgreSQL location was asked for");
    };
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &["up", &format!("--database-url={url}")]);
    let mut inventory = watch_health(&process, INVENTORY).await;
    assert_eq!(next_status(&mut inventory).await, ServingStatus::Serving);
    eventually("recommendations", async || recommend(&process).await.ok()).await;

    server.freeze();
    let book = get_book(process.inventory()).await;
    book.expect_err("the database hangs");
    assert_eq!(next_status(&mut inventory).await, ServingStatus::NotServing);

    let began = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        calls.spawn(get_book(process.inventory()));
    }
    for outcome in calls.join_all().await {
        let status = outcome.expect_err("the database hangs");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        let info = status.get_details_error_info().expect("it has details");
        assert_eq!(info.reason, "STORE_UNAVAILABLE");
    }
    let recommended = recommend(&process).await;
    recommended.expect("it needs no database");
    assert_eq!(process.page("/healthz").await.status, 200);
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    let mut recommendations = watch_health(&process, RECOMMENDATIONS).await;
    let status = next_status(&mut recommendations).await;
    assert_eq!(status, ServingStatus::Serving);

    server.thaw();
    assert_eq!(next_status(&mut inventory).await, ServingStatus::Serving);
    let book = get_book(process.inventory()).await;
    book.expect("the database answers");
    // Each service logs its outage, on a busy machine more than once, and none of the 200 calls
    // logs its own.
    let lines_with = |text: &str| {
        let log = process.log();
        log.lines().filter(|line| line.contains(text)).count()
    };
    eventually("the end of the outage", async || {
        (lines_with("the database responds again") > 0).then_some(())
    })
    .await;
    let failures = lines_with("the database does not respond");
    assert!((1..50).contains(&failures), "{failures} lines");
    process.stop().await;
}

async fn get_book(
    mut client: InventoryServiceClient<Channel>,
) -> Result<Response<GetBookResponse>, Status> {
    client.get_book(GetBookRequest { book_id: 1 }).await
}

async fn recommend(process: &TestProcess) -> Result<(), Status> {
    let request = RecommendRequest {
        category: BookCategory::Mystery.into(),
        max_results: 3,
        ..RecommendRequest::default()
    };
    let mut client = process.recommendations();
    client.recommend(request).await.map(drop)
}

async fn watch_health(process: &TestProcess, service: &str) -> Streaming<HealthCheckResponse> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let stream = process.health().watch(request).await;
    stream.expect("health is served").into_inner()
}

async fn next_status(stream: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    let next = tokio::time::timeout(Duration::from_secs(20), stream.message()).await;
    let message = next.expect("the status changes").expect("no error");
    message.expect("not the end").status()
}
