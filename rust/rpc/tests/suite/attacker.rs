//! A client that sends what it wants on a raw HTTP/2 connection.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use prost::Message;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};

use crate::{fakes::ECHO, harness::Server};

pub const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";

/// A raw HTTP/2 connection, which answers pings in the background.
pub struct Attacker {
    requests: SendRequest<Bytes>,
    pings: h2::PingPong,
    /// Dropping them would reset the calls.
    pub calls: Vec<(ResponseFuture, h2::SendStream<Bytes>)>,
    pub connection: JoinHandle<Result<(), h2::Error>>,
}

impl Attacker {
    pub async fn connect(address: SocketAddr, window: u32) -> Self {
        let socket = TcpStream::connect(address).await.expect("a connection");
        Self::on(socket, window).await
    }

    /// Begins HTTP/2 on a connection; `window` is the number of bytes of an answer that it
    /// reads.
    pub async fn on(socket: TcpStream, window: u32) -> Self {
        let handshake = h2::client::Builder::new()
            .initial_window_size(window)
            .handshake(socket);
        let (requests, mut connection) = handshake.await.expect("HTTP/2");
        let pings = connection.ping_pong().expect("the first call");
        let connection = tokio::spawn(connection);
        Self {
            requests,
            pings,
            calls: Vec::new(),
            connection,
        }
    }

    /// Sends the headers of a call and some bytes of its body.
    pub async fn call(&mut self, body: &[u8], end: bool) {
        self.call_method(GET_BOOK, body, end).await;
    }

    pub async fn call_method(&mut self, path: &str, body: &[u8], end: bool) {
        let request = http::Request::post(format!("http://server{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .expect("a request");
        let ready = self.requests.clone().ready().await;
        self.requests = ready.expect("the connection is open");
        let (response, mut stream) = self
            .requests
            .send_request(request, false)
            .expect("a stream");
        let body = Bytes::copy_from_slice(body);
        stream.send_data(body, end).expect("sent");
        self.calls.push((response, stream));
    }

    /// Waits until the server has read everything that was sent.
    pub async fn flush(&mut self) {
        let pong = self.pings.ping(h2::Ping::opaque()).await;
        pong.expect("the server answers");
    }
}

/// Connects from 127.0.0.`last`: each loopback address is a peer of its own.
pub async fn connect_from(last: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let peer = IpAddr::from([127, 0, 0, last]);
    socket.bind((peer, 0).into()).expect("a loopback address");
    socket.connect(address).await.expect("a connection")
}

/// A message in a frame of gRPC.
pub fn grpc_message(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u8::try_from(message.len()).expect("short");
    [&[0, 0, 0, 0, length], &*message].concat()
}

/// Other clients are served.
pub async fn expect_service(server: &Server) {
    for _ in 0..50 {
        server.get_book(ECHO).await.expect("others are served");
    }
}

/// Fails if the event does not happen.
pub async fn soon<T>(event: impl Future<Output = T>) -> T {
    let event = tokio::time::timeout(Duration::from_secs(10), event);
    event.await.expect("it happens within ten seconds")
}
