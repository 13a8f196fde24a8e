//! Servers that do not speak HTTP/2.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Answers 400 to whatever it is sent, as HTTP/1 servers do.
pub(crate) async fn http1_server() -> String {
    server_that_sends(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await
}

/// Sends these bytes to every client and closes the connection.
pub(crate) async fn server_that_sends(words: &'static [u8]) -> String {
    let listener = silent_listener().await;
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            tokio::spawn(async move {
                let mut heard = [0; 512];
                let _ = stream.read(&mut heard).await;
                let _ = stream.write_all(words).await;
            });
        }
    });
    address
}

/// A listener whose connections are accepted by the system's backlog and get no answer.
pub(crate) async fn silent_listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}
