//! The order of the layers: every refused call must still have a log line, a metric and
//! a request id.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::bookstore::inventory::v1::{
    BookImport, GetBookRequest, ImportBooksRequest, SetStockRequest, WatchStockRequest,
};
use futures::{StreamExt, stream};
use metrics_exporter_prometheus::PrometheusBuilder;
use rpc::{ConnectionThreads, Options};
use tokio::net::TcpStream;
use tonic::{Code, Request};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    fakes::{ECHO, NEVER_ANSWERS, PANICS},
    harness::{Server, TOKEN, Transport, eventually, on_both_transports, options, request_id},
};

on_both_transports!(
    every_outcome_is_logged_and_counted,
    admission_runs_before_authentication,
    stream_is_logged_when_it_ends,
    access_log_contains_no_message_fields,
    cancelled_request_is_logged_as_cancelled,
);

#[derive(Clone, Default)]
struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    /// The line of a request in the access log.
    fn line_of(&self, request_id: &str) -> String {
        let text = self.text();
        let mut lines = text.lines().filter(|line| line.contains("rpc: call"));
        let id = format!("request_id=\"{request_id}\"");
        let line = lines.find(|line| line.contains(&id));
        line.unwrap_or_else(|| panic!("no line has {request_id} in\n{text}"))
            .to_owned()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for CapturedLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Connections run on the thread of the test, whose log and metrics are captured.
fn options_on_this_thread() -> Options {
    Options {
        connection_threads: ConnectionThreads::default(),
        ..options()
    }
}

/// Captures the log of this thread, on which `tokio::test` runs all tasks of a test.
fn capture() -> (CapturedLog, tracing::subscriber::DefaultGuard) {
    let log = CapturedLog::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

fn handled_total(method: &str, code: &str, times: u64) -> String {
    format!(
        "grpc_server_handled_total{{grpc_service=\"bookstore.inventory.v1.InventoryService\",\
         grpc_method=\"{method}\",grpc_type=\"unary\",grpc_code=\"{code}\"}} {times}"
    )
}

fn with_id<T>(message: T, request_id: &str) -> Request<T> {
    let mut request = Request::new(message);
    let request_id = request_id.parse().expect("ascii");
    request.metadata_mut().insert("x-request-id", request_id);
    request
}

async fn every_outcome_is_logged_and_counted(transport: Transport) {
    let (log, _logging) = capture();
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let server = Server::with(transport, options_on_this_thread()).await;
    for (book_id, timeout, id, expected) in [
        (ECHO, "1M", "fine", Code::Ok),
        (0, "1M", "invalid", Code::InvalidArgument),
        (ECHO, "soon", "malformed", Code::InvalidArgument),
        (PANICS, "1M", "bug", Code::Internal),
    ] {
        let mut request = with_id(GetBookRequest { book_id }, id);
        let timeout = timeout.parse().expect("ascii");
        request.metadata_mut().insert("grpc-timeout", timeout);
        let response = server.inventory().get_book(request).await;
        let (code, metadata) = match &response {
            Ok(response) => (Code::Ok, response.metadata()),
            Err(status) => (status.code(), status.metadata()),
        };
        assert_eq!((code, request_id(metadata)), (expected, id));
        let name = match expected {
            Code::Ok => "OK",
            Code::Internal => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        };
        let line = log.line_of(id);
        assert!(line.contains(&format!("code=\"{name}\"")), "{line}");
    }
    if transport == Transport::Tcp {
        let request = with_id(SetStockRequest::default(), "stranger");
        let status = server
            .inventory()
            .set_stock(request)
            .await
            .expect_err("no token");
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(request_id(status.metadata()), "stranger");
        assert!(log.line_of("stranger").contains("UNAUTHENTICATED"));
        assert!(
            metrics
                .render()
                .contains(&handled_total("SetStock", "Unauthenticated", 1))
        );
    }
    let rendered = metrics.render();
    for (code, times) in [("OK", 1), ("InvalidArgument", 2), ("Internal", 1)] {
        let line = handled_total("GetBook", code, times);
        assert!(rendered.contains(&line), "{line} is missing in\n{rendered}");
    }
    let started = "grpc_method=\"GetBook\",grpc_type=\"unary\"} 4";
    assert!(rendered.contains(started), "{rendered}");
    assert!(
        rendered.contains("grpc_server_handling_seconds"),
        "{rendered}"
    );
}

async fn admission_runs_before_authentication(transport: Transport) {
    let (log, _logging) = capture();
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let server = Server::with(
        transport,
        Options {
            max_calls: 0,
            ..options_on_this_thread()
        },
    )
    .await;
    let request = with_id(SetStockRequest::default(), "shed");
    let status = server
        .inventory()
        .set_stock(request)
        .await
        .expect_err("the limit is zero");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(request_id(status.metadata()), "shed");
    assert!(log.line_of("shed").contains("RESOURCE_EXHAUSTED"));
    let rendered = metrics.render();
    let handled = handled_total("SetStock", "ResourceExhausted", 1);
    let refused = "grpc_server_calls_refused_total{grpc_service=\"bookstore.inventory.v1.InventoryService\",kind=\"writes\"} 1";
    for line in [&*handled, refused] {
        assert!(rendered.contains(line), "{line} is missing in\n{rendered}");
    }
}

async fn stream_is_logged_when_it_ends(transport: Transport) {
    let (log, _logging) = capture();
    let server = Server::with(transport, options_on_this_thread()).await;
    let message = WatchStockRequest {
        book_ids: vec![NEVER_ANSWERS],
    };
    let response = server
        .inventory()
        .watch_stock(with_id(message, "watcher"))
        .await;
    let mut levels = response.expect("a stream").into_inner();
    levels.message().await.expect("the first level");
    assert!(!log.text().contains("watcher"), "it goes on");
    drop(levels);
    eventually(async || log.text().contains("watcher")).await;
    assert!(
        log.line_of("watcher").contains("CANCELLED"),
        "the client has cancelled"
    );
}

async fn cancelled_request_is_logged_as_cancelled(transport: Transport) {
    let (log, _logging) = capture();
    let server = Server::with(transport, options_on_this_thread()).await;
    let book = crate::fakes::book(7, "Persuasion".to_owned());
    let first = ImportBooksRequest {
        books: vec![BookImport {
            book: Some(book),
            on_hand: None,
        }],
    };
    // More than one attempt: a client that is slow to connect cancels before it has sent
    // anything.
    eventually(async || {
        let messages = stream::iter([first.clone()]).chain(stream::pending());
        let mut operator = server.operator();
        let import = operator.import_books(with_id(messages, "half"));
        let result = tokio::time::timeout(Duration::from_millis(50), import).await;
        assert!(result.is_err(), "the client cancels");
        log.text().contains("\"half\"")
    })
    .await;
    let line = log.line_of("half");
    assert!(line.contains("DEBUG"), "{line}");
    assert!(line.contains("code=\"CANCELLED\""), "{line}");
}

#[tokio::test]
async fn lost_connection_is_logged_as_cancelled() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (log, _logging) = capture();
    let server = Server::with(Transport::Tcp, options_on_this_thread()).await;
    let address = server.address.expect("a socket");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let head = "POST /bookstore.inventory.v1.InventoryService/GetBook HTTP/1.1\r\n\
                host: localhost\r\ncontent-length: 1000\r\nx-request-id: gone\r\n\
                content-type: application/grpc-web\r\nexpect: 100-continue\r\n\r\n";
    socket.write_all(head.as_bytes()).await.expect("sent");
    let mut began = [0; 12];
    socket.read_exact(&mut began).await.expect("it reads");
    drop(socket);
    eventually(async || log.text().contains("\"gone\"")).await;
    let line = log.line_of("gone");
    assert!(line.contains("DEBUG"), "{line}");
    assert!(line.contains("code=\"CANCELLED\""), "{line}");
}

async fn access_log_contains_no_message_fields(transport: Transport) {
    let (log, _logging) = capture();
    let server = Server::with(transport, options_on_this_thread()).await;
    let message = SetStockRequest {
        book_id: 424_242,
        on_hand: Some(131_313),
        expected_on_hand: None,
    };
    server
        .operator()
        .set_stock(with_id(message, "no-values"))
        .await
        .expect("allowed");
    let line = log.line_of("no-values");
    for field in [
        "method=",
        "code=",
        "latency_ms=",
        "request_id=",
        "trace_id=",
    ] {
        assert!(line.contains(field), "{line}");
    }
    assert_eq!(
        line.contains("peer=127.0.0.1:"),
        transport == Transport::Tcp,
        "{line}"
    );
    for secret in ["424242", "131313", TOKEN] {
        assert!(!log.text().contains(secret));
    }
}
