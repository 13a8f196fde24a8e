//! Methods that only services may call, with mutual TLS: the test is the other process.

use std::fs;

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, inventory_service_client::InventoryServiceClient,
};
use rpc::Channel;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::test_process::{
    Certificates, Folder, TestProcess, eventually, get_over_tls, raw_call::call_refused,
};

/// The code of CommitReservation for a reservation that does not exist: NOT_FOUND if the caller
/// is accepted.
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
async fn certificates_of_services_are_checked_and_renewed_while_the_process_runs() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let foreign = Certificates::make(&folder, "foreign");
    let process = TestProcess::with_certificates(&folder, &certificates, &["serve", "inventory"]);
    let cart = process.channel_as(Some("cart"));
    assert_eq!(commit(cart.clone()).await, Code::NotFound);
    let refused = process.channel_as(Some("marketplace"));
    assert_eq!(commit(refused).await, Code::PermissionDenied);
    assert_eq!(commit(process.channel()).await, Code::Unauthenticated);

    // A client that trusts the server, with a certificate of another authority.
    let mixed = certificates.client_with(foreign.identity("cart"));
    let mixed = process.channel_with(&mixed);
    assert_eq!(commit(mixed).await, Code::PermissionDenied);
    let metrics = process.metrics_page().await;
    assert_eq!(metrics.status, 200);
    let counted =
        "bindery_client_certificates_refused_total{port=\"grpc\",reason=\"unknown_authority\"} 1";
    assert!(metrics.body.contains(counted), "{}", metrics.body);
    let anonymous = get_over_tls(process.metrics(), &certificates.connector(None)).await;
    assert_eq!(anonymous.status, 403, "{}", anonymous.body);

    // The whole deployment moves to the other authority.
    for name in ["ca.pem", "server.key", "server.pem"] {
        let target = folder.path(&format!("certs/inventory/{name}"));
        let temporary = target.with_extension("new");
        fs::copy(
            folder.path(&format!("foreign/inventory/{name}")),
            &temporary,
        )
        .expect("copied");
        fs::rename(temporary, target).expect("renamed");
    }
    let moved = process.channel_with(&foreign.client(Some("cart")));
    eventually("the new authority", async || {
        (commit(moved.clone()).await == Code::NotFound).then_some(())
    })
    .await;
    // The old certificate has lost its identity, or the client does not trust the new server.
    let old = commit(cart).await;
    assert!(
        [Code::PermissionDenied, Code::Unavailable].contains(&old),
        "{old}"
    );
    process.stop().await;
}

/// All services that have a certificate.
const SERVICES: [&str; 7] = [
    "inventory",
    "recommendations",
    "cart",
    "transactions",
    "accounts",
    "reviews",
    "marketplace",
];

/// The code and the reason with which a call with an empty request is refused.
async fn refusal(channel: Channel, path: &'static str) -> (Code, String) {
    let status = call_refused(channel, path, &(), None).await.status;
    let info = status.get_details_error_info();
    (
        status.code(),
        info.map(|info| info.reason).unwrap_or_default(),
    )
}

#[tokio::test]
async fn every_method_for_services_refuses_a_wrong_missing_or_foreign_certificate() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let foreign = Certificates::make(&folder, "foreign");
    let process = TestProcess::with_all_certificates(&folder, &certificates);
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    let refused = (Code::PermissionDenied, "CREDENTIAL_REFUSED".to_owned());
    let mut checked = 0;
    for method in contract::METHODS {
        let is_open =
            |access: &contract::Access| access.credential.is_none() && access.services.is_empty();
        let mut for_services = method
            .access
            .iter()
            .filter(|access| access.condition.is_none());
        let Some(access) = for_services.find(|access| !access.services.is_empty()) else {
            continue;
        };
        if method.access.iter().any(is_open) {
            continue;
        }
        let path = method.path;
        for (_, reason) in [&missing, &refused] {
            let declared = method.errors.iter().any(|error| error.reason() == reason);
            assert!(declared, "{path} does not declare {reason}");
        }
        let service = access.services[0];
        let may_call = |name: &str| method.access.iter().any(|it| it.services.contains(&name));
        let other = SERVICES.into_iter().find(|name| !may_call(name));
        let other = other.expect("no method is for all services");
        let channel_with = |identity| process.channel_with(&certificates.client_with(identity));
        assert_eq!(refusal(process.channel(), path).await, missing, "{path}");
        let person = process.channel_as(Some("client"));
        assert_eq!(refusal(person, path).await, missing, "{path}");
        for wrong in [
            process.channel_as(Some(other)),
            channel_with(foreign.identity(service)),
            // A certificate for servers of the service itself.
            channel_with(certificates.server_identity(service)),
        ] {
            assert_eq!(refusal(wrong, path).await, refused, "{path}");
        }
        // With an account to act for, or another request, it would be served.
        let accepted = refusal(process.channel_as(Some(service)), path).await;
        assert_ne!(accepted, refused, "{path} as {service}");
        checked += 1;
    }
    assert!(checked >= 5, "{checked} methods");
    process.stop().await;
}
