//! What is no HTTP/2 server at all.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Answers 400 to whatever it is sent, as HTTP/1 servers do.
pub(crate) async fn http1_server() -> String {
    spoken_port(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await
}

/// Says this and hangs up.
pub(crate) async fn spoken_port(words: &'static [u8]) -> String {
    let listener = silent_port().await;
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

/// Accepts, by the system's backlog, and says nothing.
pub(crate) async fn silent_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}
