//! gRPC-Web, CORS, other HTTP requests and addresses: what needs a socket.

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

/// Sends a request over HTTP/1.1 and reads the whole response.
async fn http1(address: SocketAddr, head: &str, body: &[u8]) -> String {
    http1_to("localhost", address, head, body).await
}

async fn http1_to(host: &str, address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let length = body.len();
    let head =
        format!("{head}\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("sent");
    socket.write_all(body).await.expect("sent");
    let mut response = Vec::new();
    socket.read_to_end(&mut response).await.expect("a response");
    String::from_utf8_lossy(&response).into_owned()
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
async fn grpc_web_request_over_http1_is_served() {
    let server = Server::start(Transport::Tcp).await;
    let address = server.address.expect("a socket");
    let head =
        format!("{GET_BOOK}\r\ncontent-type: application/grpc-web+proto\r\nx-request-id: page");
    let response = http1(address, &head, &frame(&GetBookRequest { book_id: ECHO })).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(response.contains("x-request-id: page"), "{response}");
    assert!(response.contains("grpc-status:0"), "{response}");

    let response = http1(address, &head, &frame(&GetBookRequest { book_id: 0 })).await;
    assert!(response.contains("grpc-status: 3"), "{response}");
}

#[tokio::test]
async fn browser_request_must_name_an_allowed_host() {
    let options = Options {
        allowed_hosts: vec!["shop.example".to_owned()],
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    let address = server.address.expect("a socket");
    let head = format!("{GET_BOOK}\r\ncontent-type: application/grpc-web+proto");
    let body = frame(&GetBookRequest { book_id: ECHO });
    let connect = format!("{GET_BOOK}\r\ncontent-type: application/json");
    for (host, status) in [
        ("shop.example", "HTTP/1.1 200"),
        ("evil.example", "HTTP/1.1 421"),
    ] {
        let response = http1_to(host, address, &head, &body).await;
        assert!(response.starts_with(status), "{host}: {response}");
        let response = http1_to(host, address, &connect, br#"{"bookId": 1}"#).await;
        assert!(response.starts_with(status), "{host}: {response}");
    }
}

#[tokio::test]
async fn cors_allows_only_configured_origins() {
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
    let response = http1(address, &preflight("https://shop.example"), &[]).await;
    assert!(
        response.contains("access-control-allow-origin: https://shop.example"),
        "{response}"
    );
    let response = http1(address, &preflight("https://else.example"), &[]).await;
    assert!(
        !response.contains("access-control-allow-origin"),
        "{response}"
    );
}

#[tokio::test]
async fn request_in_no_known_protocol_gets_415() {
    let server = Server::start(Transport::Tcp).await;
    let address = server.address.expect("a socket");
    for head in [
        GET_BOOK,
        &format!("{GET_BOOK}\r\ncontent-type: text/plain"),
        &format!("{GET_BOOK}\r\ncontent-type: application/grpcx"),
    ] {
        let response = http1(address, head, b"{}").await;
        assert!(response.starts_with("HTTP/1.1 415"), "{response}");
        assert!(response.contains("this port speaks gRPC"), "{response}");
    }
}

#[tokio::test]
async fn http_method_other_than_post_gets_405() {
    let server = Server::start(Transport::Tcp).await;
    let address = server.address.expect("a socket");
    for method in ["GET", "PUT", "OPTIONS"] {
        let path = GET_BOOK.replace("POST", method);
        let head = format!("{path}\r\ncontent-type: application/grpc");
        let response = http1(address, &head, &[]).await;
        assert!(response.starts_with("HTTP/1.1 405"), "{response}");
        assert!(response.contains("allow: POST"), "{response}");
    }
}

#[tokio::test]
async fn connect_error_contains_the_address() {
    let listener = rpc::bind(([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    drop(listener);
    let channel = Channel::connect(&format!("http://{address}")).expect("an address");
    let mut client = InventoryServiceClient::new(channel);
    let response = client.get_book(GetBookRequest { book_id: ECHO }).await;
    let status = response.expect_err("nobody listens");
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
async fn bind_error_for_a_used_port_suggests_a_fix() {
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
async fn invalid_address_is_refused() {
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
            error.ends_with("is not an address: write http://HOST:PORT or https://HOST:PORT"),
            "{error}"
        );
    }
    for (uri, expected) in [
        ("ftp://a:1", "\"ftp://a:1\" has a scheme"),
        ("https://a:1", "\"https://a:1\" needs TLS"),
    ] {
        let error = Channel::connect(uri).expect_err(uri).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
