//! Graceful shutdown on SIGTERM and SIGINT.

use std::time::Duration;

use contract::bookstore::inventory::v1::{
    Book, BookCategory, BookImport, GetBookRequest, ImportBooksRequest, ImportBooksResponse,
    WatchStockRequest,
};
use contract::bookstore::r#type::v1::Money;
use futures::channel::mpsc::{self, UnboundedSender};
use tokio::{io::AsyncReadExt, net::TcpStream, task::JoinHandle};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use crate::test_process::{Folder, TestProcess, eventually};

/// The default time limit for calls in flight.
const DRAIN: Duration = Duration::from_secs(10);

/// A margin for a loaded machine.
const SLACK: Duration = Duration::from_secs(5);

/// An import call that stays in flight until its request stream ends.
struct SlowCall {
    messages: UnboundedSender<ImportBooksRequest>,
    answer: JoinHandle<Result<ImportBooksResponse, Status>>,
}

impl SlowCall {
    /// Starts an import; returns when its first book is stored, so the call is in flight.
    async fn begin(process: &TestProcess) -> Self {
        let (messages, stream) = mpsc::unbounded();
        let mut operator = process.operator();
        let answer = tokio::spawn(async move {
            let answer = operator.import_books(stream).await;
            answer.map(tonic::Response::into_inner)
        });
        let call = Self { messages, answer };
        call.send(900_001);
        let mut inventory = process.inventory();
        eventually("the first book", async || {
            let request = GetBookRequest { book_id: 900_001 };
            inventory.get_book(request).await.ok()
        })
        .await;
        call
    }

    fn send(&self, book_id: i32) {
        let book = Book {
            book_id,
            title: format!("The book {book_id}"),
            authors: Vec::new(),
            publication_year: None,
            category: BookCategory::General.into(),
            price: Some(Money {
                currency_code: "USD".to_owned(),
                amount_minor: Some(999),
            }),
            ..Book::default()
        };
        let message = ImportBooksRequest {
            books: vec![BookImport {
                book: Some(book),
                on_hand: None,
            }],
        };
        let sent = self.messages.unbounded_send(message);
        sent.expect("the call is in flight");
    }

    async fn finish(self) -> Result<ImportBooksResponse, Status> {
        drop(self.messages);
        self.answer.await.expect("no panic")
    }
}

/// Waits until the process refuses connections, which is when the drain starts.
async fn wait_until_not_listening(process: &TestProcess) {
    eventually("refused connections", async || {
        TcpStream::connect(process.grpc()).await.err()
    })
    .await;
}

#[tokio::test]
async fn calls_in_flight_finish_and_watchers_are_notified() {
    let folder = Folder::new();
    let mut process = TestProcess::up(&folder);
    let answer = process.health().watch(HealthCheckRequest::default()).await;
    let mut health = answer.expect("a stream").into_inner();
    let first = health.message().await.expect("a status").expect("no end");
    assert_eq!(first.status(), ServingStatus::Serving);
    let request = WatchStockRequest { book_ids: vec![1] };
    let answer = process.inventory().watch_stock(request).await;
    let mut levels = answer.expect("a stream").into_inner();
    levels.message().await.expect("a level").expect("no end");
    let slow = SlowCall::begin(&process).await;

    process.signal("TERM");
    let last = health.message().await.expect("a status").expect("no end");
    assert_eq!(last.status(), ServingStatus::NotServing);
    wait_until_not_listening(&process).await;
    let status = levels.message().await.expect_err("a stream without end");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    slow.send(900_002);
    let counts = slow.finish().await.expect("it was in flight");
    assert_eq!(counts.created, 2);
    let (code, took) = process.wait_for_exit(DRAIN + SLACK).await;
    assert_eq!(code, 0);
    assert!(took < DRAIN, "{took:?} after the last call");

    let process = TestProcess::up(&folder);
    let request = GetBookRequest { book_id: 900_002 };
    let answer = process.inventory().get_book(request).await;
    answer.expect("an acknowledged book is stored");
}

#[tokio::test]
async fn endless_call_is_cut_off_after_the_drain_limit() {
    let folder = Folder::new();
    let mut process = TestProcess::up(&folder);
    let slow = SlowCall::begin(&process).await;
    process.signal("TERM");
    let (code, took) = process.wait_for_exit(DRAIN + SLACK).await;
    assert_eq!(code, 0);
    assert!(took >= DRAIN - Duration::from_secs(1), "{took:?}");
    let status = slow.finish().await.expect_err("it was cut off");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn second_signal_exits_at_once() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let folder = Folder::new();
        let mut process = TestProcess::up(&folder);
        let _slow = SlowCall::begin(&process).await;
        process.signal("TERM");
        wait_until_not_listening(&process).await;
        process.signal(name);
        let (ended, took) = process.wait_for_exit(SLACK).await;
        assert_eq!(ended, code, "SIG{name}");
        assert!(took < DRAIN / 4, "{took:?}");
    }
}

#[tokio::test]
async fn idle_connections_do_not_delay_shutdown() {
    let folder = Folder::new();
    let mut process = TestProcess::up(&folder);
    let host = process.shop().trim_start_matches("http://").to_owned();
    let mut visitor = TcpStream::connect(host).await.expect("the shop listens");
    let mut inventory = process.inventory();
    let request = GetBookRequest { book_id: 1 };
    inventory.get_book(request).await.expect("there is one");
    process.signal("INT");
    let (code, took) = process.wait_for_exit(SLACK).await;
    assert_eq!(code, 0);
    assert!(took < DRAIN / 4, "{took:?}");
    let read = visitor.read(&mut [0; 1]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "the connection is closed");
}

#[tokio::test]
async fn signal_right_after_start_is_handled() {
    let folder = Folder::new();
    let mut process = TestProcess::up(&folder);
    // The banner is the earliest sign of life.
    process.signal("TERM");
    let (code, _) = process.wait_for_exit(DRAIN + SLACK).await;
    assert_eq!(code, 0);
}

#[tokio::test]
async fn lame_duck_serves_for_its_time_and_a_second_signal_ends_it() {
    let folder = Folder::new();
    let mut process = TestProcess::start(&folder, &["up", "--lame-duck=3600"]);
    let answer = process.health().watch(HealthCheckRequest::default()).await;
    let mut health = answer.expect("a stream").into_inner();
    let first = health.message().await.expect("a status").expect("no end");
    assert_eq!(first.status(), ServingStatus::Serving);
    process.signal("TERM");
    let second = health.message().await.expect("a status").expect("no end");
    assert_eq!(second.status(), ServingStatus::NotServing);
    // New connections on both ports are still served.
    let request = GetBookRequest { book_id: 1 };
    let answer = process.inventory().get_book(request).await;
    answer.expect("it still serves");
    assert_eq!(process.page("/").await.status, 200);
    process.signal("TERM");
    let (code, took) = process.wait_for_exit(SLACK).await;
    assert_eq!(code, 143);
    assert!(took < DRAIN / 4, "{took:?}");

    let mut process = TestProcess::start(&folder, &["up", "--lame-duck=1"]);
    process.signal("TERM");
    let (code, took) = process.wait_for_exit(DRAIN + SLACK).await;
    assert_eq!(code, 0);
    assert!(took >= Duration::from_secs(1), "{took:?}");
}
