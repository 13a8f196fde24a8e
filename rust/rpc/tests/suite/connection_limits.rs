//! The number of connections is limited, in all and for each peer, and so is the time in which
//! they may be silent.

use std::{net::SocketAddr, time::Duration};

use contract::bookstore::inventory::v1::GetBookRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    attacker::{Attacker, connect_from, expect_service, grpc_message, soon},
    fakes::ECHO,
    harness::{Server, Transport, eventually, options},
};

/// A server with these limits of connections, and its address.
async fn server_with(max_connections: usize, max_per_peer: usize) -> (Server, SocketAddr) {
    let mut options = options();
    options.connections.max_connections = max_connections;
    options.connections.max_connections_per_peer = max_per_peer;
    let server = Server::with(Transport::Tcp, options).await;
    let address = server.address.expect("a socket");
    (server, address)
}

/// A connection that has got the answer to a call.
async fn served(socket: TcpStream) -> Attacker {
    let mut client = Attacker::on(socket, 65_535).await;
    let body = grpc_message(&GetBookRequest { book_id: ECHO });
    client.call(&body, true).await;
    let (answer, _stream) = client.calls.pop().expect("one call");
    let answer = soon(answer).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    client
}

async fn expect_closed(mut socket: TcpStream) {
    let read = soon(socket.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn peer_over_its_share_keeps_out_nobody_else() {
    let (_server, address) = server_with(3, 2).await;
    let mut first_peer = Vec::new();
    for _ in 0..2 {
        first_peer.push(served(connect_from(1, address).await).await);
    }
    expect_closed(connect_from(1, address).await).await;
    let _second_peer = served(connect_from(2, address).await).await;
    // All places are taken by connections that have sent requests.
    expect_closed(connect_from(3, address).await).await;
    drop(first_peer.pop());
    eventually(async || {
        let mut third_peer = connect_from(3, address).await;
        let sent = third_peer.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let mut answer = [0; 12];
        sent.await.is_ok() && third_peer.read_exact(&mut answer).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn peer_that_only_connects_makes_room_for_another() {
    let (_server, address) = server_with(3, 3).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(connect_from(1, address).await);
    }
    let _other = served(connect_from(2, address).await).await;
    expect_closed(silent.remove(0)).await;
    // The other two are still open: their first request is answered.
    for socket in silent {
        served(socket).await;
    }
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
    assert!(answer.starts_with(b"HTTP/1.1 404"));
}
