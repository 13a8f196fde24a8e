//! Connections that cost their clients nothing must not stop the others, on any port.

use std::time::Duration;

use contract::bookstore::inventory::v1::GetBookRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::test_process::{Folder, TestProcess, get};

/// The limit of descriptors of the test process; the server has about 128 connections on
/// each port then.
const DESCRIPTORS: u32 = 512;

/// On all ports together far more than the server has descriptors.
const SLOW_CONNECTIONS: usize = 300;

/// Opens connections that never complete their headers.
async fn slow_connections(address: &str) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..SLOW_CONNECTIONS {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // The server may have closed the connection already.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: local").await;
        connections.push(stream);
    }
    connections
}

#[tokio::test]
async fn slow_connections_do_not_stop_a_client() {
    let folder = Folder::new();
    rpc::raise_descriptor_limit().expect("this process needs descriptors too");
    let process = TestProcess::with_descriptors(&folder, DESCRIPTORS);
    let shop = process.shop().trim_start_matches("http://").to_owned();
    let metrics = process.metrics().trim_start_matches("http://");
    let metrics = metrics.trim_end_matches("/metrics").to_owned();
    let mut open = Vec::new();
    for address in [process.grpc(), &shop, &metrics] {
        open.extend(slow_connections(address).await);
    }
    let request = GetBookRequest { book_id: 1 };
    let call = tokio::time::timeout(Duration::from_secs(5), async {
        process.inventory().get_book(request).await
    });
    call.await.expect("it is fast").expect("others are served");
    assert_eq!(process.page("/").await.status, 200);
    let metrics = get(process.metrics()).await;
    assert_eq!(metrics.status, 200);
    for series in [
        "bindery_connections{port=\"grpc\"} ",
        "bindery_connections{port=\"shop\"} ",
        "bindery_connections_closed_total{port=\"shop\",reason=\"evicted\"} ",
    ] {
        assert!(metrics.body.contains(series), "{series}\n{}", metrics.body);
    }
    // All descriptors would be in use without limits.
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", process.id()));
    let descriptors = descriptors.expect("it runs").count();
    assert!(descriptors < 450, "{descriptors} descriptors are open");
}

#[tokio::test]
async fn shop_closes_a_connection_without_a_request() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let shop = process.shop().trim_start_matches("http://");
    let mut stream = TcpStream::connect(shop).await.expect("it listens");
    let sent = stream.write_all(b"GET / HTTP/1.1\r\nHost: local").await;
    sent.expect("the socket has a buffer");
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 1])).await;
    let closed = closed.expect("after ten seconds");
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
}
