//! Requests over HTTP/1 that are answered before their bodies have arrived.

use std::net::SocketAddr;

use rpc::Options;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    attacker::{GET_BOOK, soon},
    harness::{Server, Transport, options},
};

/// A connection whose requests are written by hand.
struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.expect("a connection");
        Self(BufReader::new(socket))
    }

    async fn send(&mut self, text: &str) {
        let sent = self.0.get_mut().write_all(text.as_bytes()).await;
        sent.expect("the connection is open");
    }

    /// The status line of the next answer; empty if the connection is closed.
    async fn answer(&mut self) -> String {
        let mut status = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = soon(self.0.read_line(&mut line)).await;
            if read.expect("it reads") <= "\r\n".len() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().expect("a number");
            }
            if status.is_empty() {
                line.trim().clone_into(&mut status);
            }
        }
        let mut body = vec![0; length];
        soon(self.0.read_exact(&mut body)).await.expect("its body");
        status
    }
}

/// The head of a request to a method, with these headers.
fn head(headers: &[&str]) -> String {
    let headers = headers.join("\r\n");
    format!("POST {GET_BOOK} HTTP/1.1\r\n{headers}\r\n\r\n")
}

/// A call that is answered.
fn call() -> String {
    let head = head(&[HOST, JSON, "content-length: 13"]);
    format!("{head}{{\"bookId\": 1}}")
}

const HOST: &str = "host: localhost";
const JSON: &str = "content-type: application/json";

#[tokio::test]
async fn connection_stays_open_after_a_request_that_is_refused_by_its_headers() {
    let server = Server::start(Transport::Tcp).await;
    let mut connection = Connection::open(server.address.expect("a socket")).await;
    for (refused, status) in [
        ([HOST, JSON, "content-encoding: br"], "501"),
        ([HOST, JSON, "connect-protocol-version: 2"], "400"),
        ([HOST, "content-type: text/plain", "accept: */*"], "415"),
        (["host: example.org", JSON, "accept: */*"], "421"),
    ] {
        for (length, body) in [
            ("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
            ("content-length: 5", "hello"),
        ] {
            let [first, second, third] = refused;
            connection
                .send(&head(&[first, second, third, length]))
                .await;
            let refusal = connection.answer().await;
            assert_eq!(refusal.get(9..12), Some(status), "{refused:?}");
            connection.send(body).await;
            connection.send(&call()).await;
            assert_eq!(connection.answer().await, "HTTP/1.1 200 OK", "{refused:?}");
        }
    }
}

#[tokio::test]
async fn connection_stays_open_after_a_message_over_the_limit() {
    let options = Options {
        max_message_bytes: 1000,
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    let mut connection = Connection::open(server.address.expect("a socket")).await;
    let chunk = format!("{:x}\r\n{}\r\n", 500_000, " ".repeat(500_000));
    let large = head(&[HOST, JSON, "transfer-encoding: chunked"]);
    connection.send(&format!("{large}{chunk}0\r\n\r\n")).await;
    assert_eq!(connection.answer().await.get(9..12), Some("429"));
    connection.send(&call()).await;
    assert_eq!(connection.answer().await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn connection_is_closed_after_a_refused_request_with_a_long_body() {
    let server = Server::start(Transport::Tcp).await;
    for length in [
        "content-length: 2000000",
        // The client would wait for "100 Continue" before it sends a body.
        "content-length: 5\r\nexpect: 100-continue",
    ] {
        let mut connection = Connection::open(server.address.expect("a socket")).await;
        let refused = head(&[HOST, JSON, "content-encoding: br", length]);
        connection.send(&refused).await;
        assert_eq!(connection.answer().await.get(9..12), Some("501"));
        assert_eq!(connection.answer().await, "", "{length}");
    }
}
