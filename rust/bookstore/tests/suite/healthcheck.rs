//! `bookstore healthcheck` against a process that serves, hangs or is down, and the port for health
//! alone.

use std::time::Duration;

use contract::bookstore::inventory::v1::{
    ListCategoriesRequest, inventory_service_client::InventoryServiceClient,
};
use rpc::Channel;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::test_process::{Certificates, Folder, TestProcess, eventually, run};

fn healthcheck(folder: &Folder, server: &str, more: &[&str]) -> String {
    let arguments = [&["healthcheck", "--server", server], more].concat();
    let ran = run(folder, &arguments);
    format!("exit {}\n{}{}", ran.code, ran.stdout, ran.stderr).replace(server, "[server]")
}

#[tokio::test]
async fn exit_code_reports_whether_the_server_serves() {
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &["serve", "transactions"]);
    let server = process.grpc_url();
    insta::assert_snapshot!("serves", healthcheck(&folder, &server, &[]));
    let payments = ["--service", "payment.PaymentService"];
    insta::assert_snapshot!("service_serves", healthcheck(&folder, &server, &payments));
    let inventory = ["--service", "bookstore.inventory.v1.InventoryService"];
    insta::assert_snapshot!("service_unknown", healthcheck(&folder, &server, &inventory));

    // A stopped process still listens, but does not answer.
    process.signal("STOP");
    insta::assert_snapshot!("hangs", healthcheck(&folder, &server, &["--timeout", "1"]));
    process.signal("CONT");
    let address = process.grpc().to_owned();
    process.stop().await;
    let down = healthcheck(&folder, &server, &[]).replace(&address, "[address]");
    insta::assert_snapshot!("down", down);
}

#[tokio::test]
async fn port_for_health_needs_no_certificate_and_serves_nothing_else() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let tls_dir = format!("--tls-dir={}", certificates.folder());
    let flags = [
        "up",
        &tls_dir,
        "--health-addr=127.0.0.1:0",
        "--lame-duck=60",
    ];
    let mut process = TestProcess::without_secret(&folder, &flags);
    let url = format!("http://{}", process.health_address());
    let channel = Channel::connect(&url)
        .expect("a valid address")
        .without_retries();
    let check = async |service: &str| {
        let service = service.to_owned();
        let mut client = HealthClient::new(channel.clone());
        let answer = client.check(HealthCheckRequest { service }).await;
        answer.map(|answer| answer.into_inner().status())
    };
    for service in ["", "bookstore.cart.v1.CartService"] {
        let status = check(service).await.expect("it answers in plain text");
        assert_eq!(status, ServingStatus::Serving);
    }
    let unknown = check("bookstore.Unknown")
        .await
        .expect_err("there is no such service");
    assert_eq!(unknown.code(), Code::NotFound);
    let list = ListCategoriesRequest {};
    let mut inventory = InventoryServiceClient::new(channel.clone());
    let refused = inventory
        .list_categories(list)
        .await
        .expect_err("only health");
    assert_eq!(refused.code(), Code::Unimplemented);

    // It tells that the process stops, while that still serves.
    process.signal("TERM");
    eventually("NOT_SERVING", async || {
        matches!(check("").await, Ok(ServingStatus::NotServing)).then_some(())
    })
    .await;
    process.signal("TERM");
    process.wait_for_exit(Duration::from_secs(10)).await;
}
