//! A minimal HTTP client for pages of the shop.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// The response to a GET.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    pub body: String,
    pub took: Duration,
}

impl Page {
    /// The notice about missing parts of the page, if there is one.
    pub fn notice(&self) -> Option<&str> {
        let begin = "<div class=\"notices wide\" role=\"status\">";
        let (_, after) = self.body.split_once(begin)?;
        after.split_once("</div>").map(|(notice, _)| notice.trim())
    }

    /// The number of books on the page.
    pub fn cards(&self) -> usize {
        self.body.matches("<li class=\"card\">").count()
    }
}

/// Sends a GET by HTTP/1.0, because its responses are neither chunked nor compressed.
pub async fn get(url: &str) -> Page {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let (host, _) = address.split_once('/').unwrap_or((address, ""));
    get_from(url, host, "").await
}

/// The same, with another `Host` and with further header lines.
pub async fn get_from(url: &str, host_header: &str, headers: &str) -> Page {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let began = Instant::now();
    let stream = TcpStream::connect(host).await.expect("the server listens");
    exchange(stream, began, path, host_header, headers).await
}

/// Sends a form by HTTP/1.0, as a page of the same site does.
pub async fn post_form(url: &str, headers: &str, form: &str) -> Page {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let began = Instant::now();
    let stream = TcpStream::connect(host).await.expect("the server listens");
    let request = format!(
        "POST /{path} HTTP/1.0\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n{headers}\r\n{form}",
        form.len()
    );
    exchange_request(stream, began, &request).await
}

/// Sends a GET by HTTP/1.0 over TLS.
pub async fn get_over_tls(url: &str, connector: &TlsConnector) -> Page {
    let address = url.strip_prefix("https://").expect("HTTP over TLS");
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let began = Instant::now();
    let stream = TcpStream::connect(host).await.expect("the server listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = connector.connect(name, stream).await;
    exchange(stream.expect("a handshake"), began, path, host, "").await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    began: Instant,
    path: &str,
    host_header: &str,
    headers: &str,
) -> Page {
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host_header}\r\n{headers}\r\n");
    exchange_request(stream, began, &request).await
}

async fn exchange_request(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    began: Instant,
    request: &str,
) -> Page {
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("the server answers in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok());
    Page {
        status: status.expect("a status line"),
        head: head.to_owned(),
        body: body.to_owned(),
        took: began.elapsed(),
    }
}
