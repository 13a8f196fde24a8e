//! Clients that keep calls open without cost must not deny the service to others.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use contract::bookstore::inventory::v1::{GetBookRequest, ImportBooksRequest, WatchStockRequest};
use futures::{StreamExt, stream};
use h2::client::{ResponseFuture, SendRequest};
use prost::Message;
use rpc::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tonic::Code;

use crate::{
    fakes::{ECHO, FLOODS, NEVER_ANSWERS, WAITS_FOR_GATE},
    harness::{Server, Transport, eventually, on_both_transports, options},
};

on_both_transports!(
    client_stream_without_messages_ends,
    unary_call_has_a_longest_duration,
    call_waits_for_a_permit_in_a_burst,
);

/// Many more half-open calls than the server has permits.
const HALF_OPEN_CALLS: usize = 1000;

const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";

fn few_permits() -> Options {
    Options {
        max_calls: 16,
        ..options()
    }
}

/// A raw HTTP/2 connection, which answers pings in the background.
struct Attacker {
    requests: SendRequest<Bytes>,
    pings: h2::PingPong,
    /// Dropping them would reset the calls.
    calls: Vec<(ResponseFuture, h2::SendStream<Bytes>)>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Attacker {
    async fn connect(address: SocketAddr, window: u32) -> Self {
        let socket = TcpStream::connect(address).await.expect("a connection");
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
    async fn call(&mut self, body: &[u8], end: bool) {
        self.call_method(GET_BOOK, body, end).await;
    }

    async fn call_method(&mut self, path: &str, body: &[u8], end: bool) {
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
    async fn flush(&mut self) {
        let pong = self.pings.ping(h2::Ping::opaque()).await;
        pong.expect("the server answers");
    }
}

fn grpc_message(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u8::try_from(message.len()).expect("short");
    [&[0, 0, 0, 0, length], &*message].concat()
}

async fn expect_service(server: &Server) {
    for _ in 0..50 {
        server.get_book(ECHO).await.expect("others are served");
    }
}

#[tokio::test]
async fn half_open_calls_hold_no_permits() {
    let server = Server::with(Transport::Tcp, few_permits()).await;
    let address = server.address.expect("a socket");
    let mut attackers = Vec::new();
    for _ in 0..2 {
        let mut attacker = Attacker::connect(address, 65_535).await;
        for _ in 0..HALF_OPEN_CALLS {
            attacker.call(&[0, 0, 0], false).await;
        }
        attacker.flush().await;
        attackers.push(attacker);
    }
    expect_service(&server).await;
}

#[tokio::test]
async fn answers_that_are_never_read_hold_no_permits() {
    let server = Server::with(Transport::Tcp, few_permits()).await;
    let mut attacker = Attacker::connect(server.address.expect("a socket"), 0).await;
    let body = grpc_message(&GetBookRequest { book_id: ECHO });
    for _ in 0..100 {
        attacker.call(&body, true).await;
    }
    attacker.flush().await;
    expect_service(&server).await;
}

const WATCH_STOCK: &str = "/bookstore.inventory.v1.InventoryService/WatchStock";

/// Room for this many server streams, whose answers may be unread for a short time.
fn few_streams(max_streams: usize) -> Options {
    let mut options = Options {
        max_streams,
        ..options()
    };
    options.connections.unread_answer_timeout = Duration::from_millis(200);
    options
}

/// Fails if the event does not happen.
async fn soon<T>(event: impl Future<Output = T>) -> T {
    let event = tokio::time::timeout(Duration::from_secs(10), event);
    event.await.expect("it happens within ten seconds")
}

async fn can_watch(server: &Server) -> bool {
    let book_ids = vec![ECHO];
    let mut inventory = server.inventory();
    let answer = inventory.watch_stock(WatchStockRequest { book_ids }).await;
    answer.is_ok()
}

#[tokio::test]
async fn unread_streams_do_not_stop_others_and_return_their_permits() {
    const STREAMS: usize = 500;
    let server = Server::with(Transport::Tcp, few_streams(STREAMS)).await;
    let mut attacker = Attacker::connect(server.address.expect("a socket"), 0).await;
    let book_ids = vec![ECHO];
    let body = grpc_message(&WatchStockRequest { book_ids });
    for _ in 0..STREAMS {
        attacker.call_method(WATCH_STOCK, &body, true).await;
    }
    attacker.flush().await;
    expect_service(&server).await;
    eventually(async || can_watch(&server).await).await;
    // The connection is still open: only its streams were reset.
    attacker.flush().await;
}

#[tokio::test]
async fn unread_grpc_web_stream_returns_its_permit() {
    let server = Server::with(Transport::Tcp, few_streams(1)).await;
    let address = server.address.expect("a socket");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let book_ids = vec![FLOODS];
    let body = grpc_message(&WatchStockRequest { book_ids });
    let head = format!(
        "POST {WATCH_STOCK} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\
         content-type: application/grpc-web+proto\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("sent");
    socket.write_all(&body).await.expect("sent");
    let mut began = [0; 12];
    socket.read_exact(&mut began).await.expect("it answers");
    assert_eq!(&began, b"HTTP/1.1 200");
    eventually(async || can_watch(&server).await).await;
}

#[tokio::test]
async fn silent_connections_do_not_keep_out_others() {
    let mut options = options();
    options.connections.max_connections = 8;
    options.connections.max_connections_per_peer = 8;
    let server = Server::with(Transport::Tcp, options).await;
    let address = server.address.expect("a socket");
    let mut sockets = Vec::new();
    for _ in 0..100 {
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let sent = socket.write_all(b"POST / HTTP/1.1\r\nhost: local").await;
        sent.expect("the socket has a buffer");
        sockets.push(socket);
    }
    expect_service(&server).await;
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_at_once() {
    let mut options = options();
    options.connections.max_connections_per_peer = 2;
    let server = Server::with(Transport::Tcp, options).await;
    let address = server.address.expect("a socket");
    let mut connections = Vec::new();
    for _ in 0..2 {
        let mut connection = Attacker::connect(address, 65_535).await;
        connection.call(&[0, 0, 0], false).await;
        connection.flush().await;
        connections.push(connection);
    }
    let mut third = TcpStream::connect(address).await.expect("a connection");
    let read = soon(third.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    connections.pop();
    eventually(async || server.get_book(ECHO).await.is_ok()).await;
}

#[tokio::test]
async fn connection_without_a_complete_request_is_closed() {
    let mut options = options();
    options.connections.first_request_timeout = Duration::from_millis(50);
    let server = Server::with(Transport::Tcp, options).await;
    let address = server.address.expect("a socket");
    for sent in ["", "POST / HTTP/1.1\r\nhost: local", "PRI * HTTP/2.0\r\n"] {
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        socket.write_all(sent.as_bytes()).await.expect("sent");
        let read = soon(socket.read(&mut [0; 1])).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{sent:?}: {read:?}");
    }
    let silent = Attacker::connect(address, 65_535).await;
    soon(silent.connection)
        .await
        .expect("no panic")
        .expect("GOAWAY");
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let mut options = options();
    // The time without requests is looked at only after this one.
    options.connections.first_request_timeout = Duration::from_millis(50);
    options.connections.http1_idle_timeout = Duration::from_millis(50);
    options.connections.http2_idle_timeout = Duration::from_millis(50);
    let server = Server::with(Transport::Tcp, options).await;
    let address = server.address.expect("a socket");
    let mut idle = Attacker::connect(address, 65_535).await;
    let body = grpc_message(&GetBookRequest { book_id: ECHO });
    idle.call(&body, true).await;
    let (answer, _stream) = idle.calls.pop().expect("one call");
    drop(answer.await.expect("an answer"));
    soon(idle.connection)
        .await
        .expect("no panic")
        .expect("GOAWAY");

    let mut idle = TcpStream::connect(address).await.expect("a connection");
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    idle.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    let closed = soon(idle.read_to_end(&mut answer)).await;
    closed.expect("it is closed");
    assert!(answer.starts_with(b"HTTP/1.1 415"));
}

#[tokio::test]
async fn slow_grpc_web_bodies_hold_no_permits() {
    let server = Server::with(Transport::Tcp, few_permits()).await;
    let head = format!(
        "POST {GET_BOOK} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\
         content-type: application/grpc-web+proto\r\nexpect: 100-continue\r\n\r\n"
    );
    let mut sockets = Vec::new();
    for _ in 0..40 {
        let address = server.address.expect("a socket");
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        socket.write_all(head.as_bytes()).await.expect("sent");
        // The server sends "100 Continue" when it begins to read the body.
        let mut began = [0; 12];
        socket.read_exact(&mut began).await.expect("it reads");
        assert_eq!(&began, b"HTTP/1.1 100");
        socket.write_all(&[0, 0, 0]).await.expect("sent");
        sockets.push(socket);
    }
    expect_service(&server).await;
}

#[tokio::test]
async fn request_that_does_not_arrive_ends() {
    let options = Options {
        receive_timeout: Duration::from_millis(50),
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    let mut attacker = Attacker::connect(server.address.expect("a socket"), 65_535).await;
    attacker.call(&[0, 0, 0], false).await;
    let (response, _stream) = attacker.calls.pop().expect("one call");
    let response = response.await.expect("headers");
    assert_eq!(response.headers()["grpc-status"], "4");
}

#[tokio::test]
async fn peer_gets_only_its_share() {
    let options = Options {
        max_calls: 4,
        max_peer_share: 0.5,
        max_queue_time: Duration::ZERO,
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    let third = async {
        server.gate.wait_for_calls(2).await;
        let status = server.get_book(ECHO).await.expect_err("over its share");
        assert_eq!(status.code(), Code::ResourceExhausted);
        server.gate.open();
    };
    let (first, second, ()) = tokio::join!(
        server.get_book(WAITS_FOR_GATE),
        server.get_book(WAITS_FOR_GATE),
        third
    );
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn calls_within_the_process_have_a_reserve() {
    let options = Options {
        max_calls: 0,
        in_process_reserve: 1,
        max_queue_time: Duration::ZERO,
        ..options()
    };
    let server = Server::with(Transport::InProcess, options.clone()).await;
    server.get_book(ECHO).await.expect("the reserve");
    let server = Server::with(Transport::Tcp, options).await;
    let status = server.get_book(ECHO).await.expect_err("not for others");
    assert_eq!(status.code(), Code::ResourceExhausted);
}

async fn client_stream_without_messages_ends(transport: Transport) {
    let options = Options {
        receive_timeout: Duration::from_millis(50),
        max_message_interval: Duration::from_millis(50),
        ..options()
    };
    let server = Server::with(transport, options).await;
    let silent = stream::pending::<ImportBooksRequest>();
    let status = server.operator().import_books(silent).await;
    let status = status.expect_err("no message arrives");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");

    let book = crate::fakes::book(7, "Persuasion".to_owned());
    let first = ImportBooksRequest {
        books: vec![contract::bookstore::inventory::v1::BookImport {
            book: Some(book),
            on_hand: None,
        }],
    };
    let stalls = stream::iter([first]).chain(stream::pending());
    let status = server.operator().import_books(stalls).await;
    let status = status.expect_err("no second message arrives");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

async fn unary_call_has_a_longest_duration(transport: Transport) {
    let options = Options {
        max_call_duration: Duration::from_millis(50),
        ..options()
    };
    let server = Server::with(transport, options).await;
    let status = server.get_book(NEVER_ANSWERS).await;
    let status = status.expect_err("the server ends it");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

fn one_permit(max_queue_time: Duration) -> Options {
    Options {
        max_calls: 1,
        max_queue_time,
        ..options()
    }
}

async fn call_waits_for_a_permit_in_a_burst(transport: Transport) {
    let server = Server::with(transport, one_permit(Duration::from_secs(30))).await;
    let release = async {
        server.gate.wait_for_calls(1).await;
        let waiting = server.get_book(ECHO);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        server.gate.open();
        waiting.await.expect("it got the permit");
    };
    let (first, ()) = tokio::join!(server.get_book(WAITS_FOR_GATE), release);
    first.expect("it had the permit");
}

#[tokio::test(start_paused = true)]
async fn call_whose_deadline_is_close_does_not_wait() {
    let options = one_permit(Duration::from_secs(30));
    let server = Server::with(Transport::InProcess, options).await;
    // The first call sets the usual time of the method.
    let slow = async {
        server.gate.wait_for_calls(1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.gate.open();
    };
    let (taught, ()) = tokio::join!(server.get_book(WAITS_FOR_GATE), slow);
    taught.expect("it only took long");

    let refused = async {
        server.gate.wait_for_calls(1).await;
        let mut request = tonic::Request::new(GetBookRequest { book_id: ECHO });
        request.set_timeout(Duration::from_millis(100));
        let status = server.inventory().get_book(request).await;
        let status = status.expect_err("it would end too late");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        server.gate.open();
    };
    let (first, ()) = tokio::join!(server.get_book(WAITS_FOR_GATE), refused);
    first.expect("it had the permit");
}
