//! Methods that only services may call, between two processes: the test is the second.

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, inventory_service_client::InventoryServiceClient,
};
use rpc::Channel;
use tonic::Code;

use crate::test_process::{Folder, SERVICE_SECRET, TestProcess, run};

const SERVE: [&str; 2] = ["serve", "inventory"];

/// The code of CommitReservation for a reservation that does not exist: NOT_FOUND if the
/// call is accepted.
async fn commit(channel: Channel) -> Code {
    let request = CommitReservationRequest {
        reservation_id: "01930000-0000-7000-8000-000000000001".to_owned(),
    };
    let answer = InventoryServiceClient::new(channel)
        .commit_reservation(request)
        .await;
    answer.expect_err("there is no such reservation").code()
}

#[tokio::test]
async fn method_for_services_needs_the_secret() {
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &SERVE);
    let service = |name: &str, secret| process.channel().as_service(&name.into(), secret);
    assert_eq!(
        commit(service("cart", Some(SERVICE_SECRET))).await,
        Code::NotFound
    );
    for refused in [
        service("cart", Some("another secret")),
        service("marketplace", Some(SERVICE_SECRET)),
        process.channel().with_operator_token(process.token()),
    ] {
        assert_eq!(commit(refused).await, Code::PermissionDenied);
    }
    assert_eq!(commit(service("cart", None)).await, Code::Unauthenticated);
    process.stop().await;
}

#[tokio::test]
async fn process_without_the_secret_refuses_services_and_says_so() {
    let folder = Folder::new();
    let arguments = ["serve", "inventory", "--grpc-addr=0.0.0.0:0"];
    let process = TestProcess::without_secret(&folder, &arguments);
    let channel = process.channel();
    let cart = channel.as_service(&"cart".into(), Some(SERVICE_SECRET));
    assert_eq!(commit(cart).await, Code::PermissionDenied);
    let log = process.log();
    assert!(
        log.contains("without --tls-client-ca or --service-secret-file"),
        "{log}"
    );
    process.stop().await;
}

#[test]
fn unusable_secret_is_refused_at_the_start() {
    let folder = Folder::new();
    folder.write_secret("readable", SERVICE_SECRET, 0o644);
    folder.write_secret("short", "secret", 0o600);
    for (file, expected) in [
        ("readable", "who then are every service too"),
        ("short", "contains no valid token; write at least 32"),
        ("missing", "there is no secret at missing"),
    ] {
        let flag = format!("--service-secret-file={file}");
        let output = run(
            &folder,
            &["serve", "inventory", &flag, "--grpc-addr=127.0.0.1:0"],
        );
        assert_eq!(output.code, 1, "{output:?}");
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}
