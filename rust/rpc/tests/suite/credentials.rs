//! Authentication and the operator token.

use contract::bookstore::inventory::v1::{
    SetStockRequest, inventory_service_client::InventoryServiceClient,
};
use rpc::{Caller, Channel, Options};
use tonic::Code;

use crate::{
    fakes::ECHO,
    harness::{Server, TOKEN, Transport, error_info, options},
};

fn client(server: &Server, token: Option<&str>) -> InventoryServiceClient<Channel> {
    let channel = server.channel.clone();
    InventoryServiceClient::new(match token {
        Some(token) => channel.with_operator_token(token),
        None => channel,
    })
}

async fn set_stock(server: &Server, token: Option<&str>) -> (Code, String) {
    // Also violates the contract, which must not show before the credential is valid.
    let request = SetStockRequest::default();
    let status = client(server, token)
        .set_stock(request)
        .await
        .expect_err("refused");
    let reason = match status.code() {
        Code::InvalidArgument => String::new(),
        _ => error_info(&status).reason,
    };
    (status.code(), reason)
}

#[tokio::test]
async fn credential_is_checked_before_the_message_is_validated() {
    let server = Server::start(Transport::Tcp).await;
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    let refused = (Code::PermissionDenied, "CREDENTIAL_REFUSED".to_owned());
    assert_eq!(set_stock(&server, None).await, missing);
    assert_eq!(set_stock(&server, Some("")).await, missing);
    assert_eq!(set_stock(&server, Some("wrong")).await, refused);
    assert_eq!(set_stock(&server, Some(&TOKEN[1..])).await, refused);
    assert_eq!(
        set_stock(&server, Some(TOKEN)).await.0,
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn operator_token_allows_set_stock() {
    let server = Server::start(Transport::Tcp).await;
    let request = SetStockRequest {
        book_id: 7,
        on_hand: Some(3),
        expected_on_hand: None,
    };
    let response = server.operator().set_stock(request).await.expect("allowed");
    assert_eq!(response.into_inner().level.expect("required").on_hand, 3);
}

#[tokio::test]
async fn in_process_call_has_the_caller_of_its_channel() {
    let server = Server::start(Transport::InProcess).await;
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(set_stock(&server, None).await, missing);
    let request = SetStockRequest {
        book_id: 7,
        on_hand: Some(3),
        expected_on_hand: None,
    };
    let channel = server.channel.clone().with_caller(Caller::Operator);
    InventoryServiceClient::new(channel)
        .set_stock(request)
        .await
        .expect("allowed");
}

#[tokio::test]
async fn every_token_is_refused_when_none_is_configured() {
    let options = Options {
        operator_token: None,
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    assert_eq!(
        set_stock(&server, Some(TOKEN)).await.0,
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn handler_receives_the_caller() {
    let remote = Server::start(Transport::Tcp).await;
    let internal = Server::start(Transport::InProcess).await;
    for (client, expected) in [
        (client(&remote, None), "Anonymous"),
        (client(&remote, Some("wrong")), "Anonymous"),
        (client(&remote, Some(TOKEN)), "Operator"),
        (client(&internal, None), "Anonymous"),
        (client(&internal, Some(TOKEN)), "Operator"),
        (
            InventoryServiceClient::new(
                internal
                    .channel
                    .clone()
                    .as_service(&"marketplace".into(), None),
            ),
            "Service(ServiceName(\"marketplace\"))",
        ),
    ] {
        let mut client = client;
        let request = contract::bookstore::inventory::v1::GetBookRequest { book_id: ECHO };
        let response = client
            .get_book(request)
            .await
            .expect("open to everybody")
            .into_inner();
        let title = response.book.expect("required").title;
        assert!(title.ends_with(expected), "{title}");
    }
}
