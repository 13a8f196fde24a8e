//! What only a socket has: gRPC-Web, other content, addresses.

use std::net::SocketAddr;

use contract::bookstore::inventory::v1::{
    GetBookRequest, inventory_service_client::InventoryServiceClient,
};
use http::HeaderValue;
use prost::Message;
use rpc::{BindError, Channel, Options};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::Code;

use crate::{
    fakes::ECHO,
    harness::{Server, Transport, options},
};

/// Sends a request over HTTP/1.1 and reads all of the answer.
async fn http1(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let length = body.len();
    let head =
        format!("{head}\r\nhost: here\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("sent");
    socket.write_all(body).await.expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

fn frame(message: &impl Message) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(
        u32::try_from(message.encoded_len())
            .expect("small")
            .to_be_bytes(),
    );
    frame.extend(message.encode_to_vec());
    frame
}

const GET_BOOK: &str = "POST /bookstore.inventory.v1.InventoryService/GetBook HTTP/1.1";

#[tokio::test]
async fn a_page_calls_by_grpc_web() {
    let server = Server::start(Transport::Tcp).await;
    let address = server.address.expect("a socket");
    let head =
        format!("{GET_BOOK}\r\ncontent-type: application/grpc-web+proto\r\nx-request-id: page");
    let answer = http1(address, &head, &frame(&GetBookRequest { book_id: ECHO })).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("x-request-id: page"), "{answer}");
    assert!(answer.contains("grpc-status:0"), "{answer}");

    let answer = http1(address, &head, &frame(&GetBookRequest { book_id: 0 })).await;
    assert!(answer.contains("grpc-status: 3"), "{answer}");
}

#[tokio::test]
async fn a_page_of_another_origin_needs_permission() {
    let origin = HeaderValue::from_static("https://shop.example");
    let options = Options {
        web_origins: vec![origin],
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    let preflight = |origin: &str| {
        let path = GET_BOOK.replace("POST", "OPTIONS");
        format!("{path}\r\norigin: {origin}\r\naccess-control-request-method: POST")
    };
    let address = server.address.expect("a socket");
    let answer = http1(address, &preflight("https://shop.example"), &[]).await;
    assert!(
        answer.contains("access-control-allow-origin: https://shop.example"),
        "{answer}"
    );
    let answer = http1(address, &preflight("https://else.example"), &[]).await;
    assert!(!answer.contains("access-control-allow-origin"), "{answer}");
}

#[tokio::test]
async fn what_is_no_grpc_is_told_so() {
    let server = Server::start(Transport::Tcp).await;
    let address = server.address.expect("a socket");
    for head in [
        "GET / HTTP/1.1",
        &format!("{GET_BOOK}\r\ncontent-type: application/json"),
    ] {
        let answer = http1(address, head, b"{}").await;
        assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
        assert!(answer.contains("this port speaks gRPC"), "{answer}");
    }
}

#[tokio::test]
async fn a_call_that_is_not_posted_is_not_run() {
    let server = Server::start(Transport::Tcp).await;
    let address = server.address.expect("a socket");
    for method in ["GET", "PUT"] {
        let path = GET_BOOK.replace("POST", method);
        let head = format!("{path}\r\ncontent-type: application/grpc");
        let answer = http1(address, &head, &[]).await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        assert!(answer.contains("allow: POST"), "{answer}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = rpc::bind(([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    drop(listener);
    let channel = Channel::connect(&format!("http://{address}")).expect("an address");
    let mut client = InventoryServiceClient::new(channel);
    let answer = client.get_book(GetBookRequest { book_id: ECHO }).await;
    let status = answer.expect_err("nobody listens");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(
        status
            .message()
            .starts_with(&format!("cannot reach {address}: ")),
        "{status}"
    );
    assert!(!status.message().contains('\n'));
}

#[tokio::test]
async fn a_taken_port_is_told_with_a_remedy() {
    let listener = rpc::bind(([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let error = rpc::bind(address).await.expect_err("taken");
    assert!(matches!(error, BindError::AddressInUse(in_use) if in_use == address));
    assert_eq!(
        error.to_string(),
        format!(
            "port {} on 127.0.0.1 is taken: stop the other process or choose another with --grpc-addr",
            address.port()
        )
    );
}

#[tokio::test]
async fn only_plain_addresses_are_connected_to() {
    for uri in [
        "",
        "127.0.0.1:1",
        "http://",
        "http://a:1/path",
        "http://a:1/?q",
        "not an address",
    ] {
        let error = Channel::connect(uri).expect_err(uri).to_string();
        assert!(
            error.ends_with("is not an address: write http://HOST:PORT"),
            "{error}"
        );
    }
    let error = Channel::connect("https://a:1")
        .expect_err("no TLS yet")
        .to_string();
    assert!(error.contains("\"https://a:1\" has a scheme"), "{error}");
}
