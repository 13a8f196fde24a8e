//! Clients that keep calls open without cost must not deny the service to others.

use std::time::Duration;

use contract::bookstore::inventory::v1::{GetBookRequest, ImportBooksRequest, WatchStockRequest};
use futures::{StreamExt, stream};
use rpc::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::Code;

use crate::{
    attacker::{Attacker, GET_BOOK, expect_service, grpc_message},
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

fn few_permits() -> Options {
    Options {
        max_calls: 16,
        ..options()
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
