//! The errors that callers receive on the wire: code, message and details.

use contract::{
    RecommendationRequest,
    bookstore::{
        inventory::v1::{
            Book, BookCategory, BookImport, GetBookRequest, GetReservationRequest,
            ImportBooksRequest, ReservationLine, ReserveStockRequest, SearchBooksRequest,
            SetStockRequest, WatchStockRequest,
        },
        recommendations::v1::RecommendRequest,
        r#type::v1::Money,
    },
    payment::PaymentRequest,
};
use prost::Message;

use crate::test_process::{
    Folder, TestProcess,
    raw_call::{Refusal, call_refused, describe},
};

/// The largest trailer size in bytes. Proxies cut at 8 KiB.
const MAX_TRAILER_SIZE: usize = 4096;

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const REQUEST_ID: &str = "018f7c3e-7a50-7cc0-9a3b-0123456789ab";

macro_rules! inventory {
    ($method:literal) => {
        concat!("/bookstore.inventory.v1.InventoryService/", $method)
    };
}

/// Calls one process and records its errors as text.
struct Transcript<'h> {
    process: &'h TestProcess,
    text: String,
}

impl<'h> Transcript<'h> {
    fn new(process: &'h TestProcess) -> Self {
        let text = String::new();
        Self { process, text }
    }

    async fn ask(&mut self, what: &str, path: &'static str, request: &impl Message) {
        let token = self.process.token().to_owned();
        self.ask_with(what, path, request, Some(&token)).await;
    }

    async fn ask_with(
        &mut self,
        what: &str,
        path: &'static str,
        request: &impl Message,
        token: Option<&str>,
    ) {
        let Refusal {
            status,
            trailer_size,
        } = call_refused(self.process.channel(), path, request, token).await;
        assert!(
            trailer_size < MAX_TRAILER_SIZE,
            "{what}: {trailer_size} bytes"
        );
        let (_, method) = path.rsplit_once('/').expect("a path");
        self.text += &format!("{method}, {what}\n{}\n\n", describe(&status));
    }
}

fn mystery(max_results: i32) -> RecommendRequest {
    RecommendRequest {
        user_id: String::new(),
        category: BookCategory::Mystery.into(),
        max_results,
    }
}

fn good_book(book_id: i32) -> BookImport {
    let price = Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(999),
    };
    BookImport {
        book: Some(Book {
            book_id,
            title: "A good book".to_owned(),
            authors: Vec::new(),
            publication_year: None,
            category: BookCategory::General.into(),
            price: Some(price),
            ..Book::default()
        }),
        on_hand: None,
    }
}

#[tokio::test]
async fn broken_rules_are_reported_per_field() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let mut transcript = Transcript::new(&process);
    let empty = RecommendRequest::default();
    transcript.ask("an empty message", RECOMMEND, &empty).await;
    let request = RecommendRequest {
        max_results: 3,
        ..empty
    };
    transcript.ask("category unset", RECOMMEND, &request).await;
    transcript
        .ask("max_results 0", RECOMMEND, &mystery(0))
        .await;
    transcript
        .ask("max_results 101", RECOMMEND, &mystery(101))
        .await;
    let request = RecommendRequest {
        category: 99,
        ..mystery(3)
    };
    transcript
        .ask("a category that is not defined", RECOMMEND, &request)
        .await;
    let request = RecommendRequest {
        user_id: "ada".to_owned(),
        ..mystery(3)
    };
    transcript
        .ask("a user id that is no UUID", RECOMMEND, &request)
        .await;
    let request = SetStockRequest {
        book_id: 1,
        on_hand: None,
        expected_on_hand: None,
    };
    transcript
        .ask("on_hand unset", inventory!("SetStock"), &request)
        .await;
    let request = ReserveStockRequest::default();
    transcript
        .ask("an empty message", inventory!("ReserveStock"), &request)
        .await;
    let request = GetReservationRequest {
        reservation_id: "7".to_owned(),
    };
    transcript
        .ask(
            "an id that is no UUID",
            inventory!("GetReservation"),
            &request,
        )
        .await;
    let request = SearchBooksRequest {
        query: " \t".to_owned(),
        page_size: -1,
        ..SearchBooksRequest::default()
    };
    transcript
        .ask("nothing but space", inventory!("SearchBooks"), &request)
        .await;
    let request = WatchStockRequest {
        book_ids: vec![1, 2, 1, 0],
    };
    transcript
        .ask("a book twice", inventory!("WatchStock"), &request)
        .await;

    let mut untitled = good_book(910_002);
    if let Some(book) = &mut untitled.book {
        book.title.clear();
        book.price = Some(Money::default());
    }
    let request = ImportBooksRequest {
        books: vec![good_book(910_001), untitled, BookImport::default()],
    };
    transcript
        .ask(
            "bad books among good ones",
            inventory!("ImportBooks"),
            &request,
        )
        .await;
    insta::assert_snapshot!("rules", transcript.text.trim_end());
    let request = GetBookRequest { book_id: 910_001 };
    let answer = process.inventory().get_book(request).await;
    answer.expect_err("a message is stored as one piece");
}

#[tokio::test]
async fn many_violations_are_truncated_to_fit_the_trailers() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let mut transcript = Transcript::new(&process);
    let request = ImportBooksRequest {
        books: vec![BookImport::default(); 1000],
    };
    transcript
        .ask("1000 empty books", inventory!("ImportBooks"), &request)
        .await;
    let mut long = good_book(910_001);
    if let Some(book) = &mut long.book {
        book.title = "é".repeat(301);
        book.authors = vec!["\u{1f4d6}".repeat(300); 61];
    }
    for (what, count) in [("40 books of 61 long names", 40), ("more than 4 MiB", 60)] {
        let request = ImportBooksRequest {
            books: vec![long.clone(); count],
        };
        transcript
            .ask(what, inventory!("ImportBooks"), &request)
            .await;
    }
    insta::assert_snapshot!("many_violations", transcript.text.trim_end());
}

#[tokio::test]
async fn service_errors_carry_a_machine_readable_reason() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let mut transcript = Transcript::new(&process);
    let request = GetBookRequest { book_id: 999_999 };
    transcript
        .ask("no such book", inventory!("GetBook"), &request)
        .await;
    let request = SearchBooksRequest {
        query: "dune".to_owned(),
        page_token: "the next one".to_owned(),
        ..SearchBooksRequest::default()
    };
    transcript
        .ask(
            "a page token of the caller's own",
            inventory!("SearchBooks"),
            &request,
        )
        .await;
    let reservation_id = REQUEST_ID.to_owned();
    let request = GetReservationRequest { reservation_id };
    transcript
        .ask(
            "no such reservation",
            inventory!("GetReservation"),
            &request,
        )
        .await;

    let stock = SetStockRequest {
        book_id: 5,
        on_hand: Some(3),
        expected_on_hand: None,
    };
    process
        .operator()
        .set_stock(stock)
        .await
        .expect("there is such a book");
    let mut request = ReserveStockRequest {
        request_id: REQUEST_ID.to_owned(),
        lines: vec![ReservationLine {
            book_id: 5,
            quantity: 4,
        }],
        hold: None,
    };
    transcript
        .ask("more than there is", inventory!("ReserveStock"), &request)
        .await;
    request.lines[0].quantity = 2;
    let answer = process.operator().reserve_stock(request.clone()).await;
    answer.expect("there are enough");
    request.lines[0].quantity = 1;
    transcript
        .ask(
            "the same id with another body",
            inventory!("ReserveStock"),
            &request,
        )
        .await;
    let stock = SetStockRequest {
        on_hand: Some(1),
        ..stock
    };
    transcript
        .ask("less than is reserved", inventory!("SetStock"), &stock)
        .await;
    insta::assert_snapshot!("service_errors", transcript.text.trim_end());
}

#[tokio::test]
async fn credentials_are_checked_before_rules() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let mut transcript = Transcript::new(&process);
    // Each message also breaks rules, which must not be reported.
    let empty = SetStockRequest::default();
    let path = inventory!("SetStock");
    transcript.ask_with("no token", path, &empty, None).await;
    transcript
        .ask_with("a wrong token", path, &empty, Some("guessed"))
        .await;
    let empty = ImportBooksRequest::default();
    let path = inventory!("ImportBooks");
    transcript.ask_with("no token", path, &empty, None).await;
    transcript
        .ask_with("a wrong token", path, &empty, Some("guessed"))
        .await;
    let unknown = "/bookstore.inventory.v1.InventoryService/BurnBooks";
    transcript
        .ask_with("no such method", unknown, &empty, None)
        .await;
    let unknown = "/bookstore.lending.v1.LendingService/LendBook";
    transcript
        .ask_with("no such service", unknown, &empty, None)
        .await;
    insta::assert_snapshot!("credentials", transcript.text.trim_end());
}

#[tokio::test]
async fn tutorial_services_refuse_as_documented() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let mut transcript = Transcript::new(&process);
    let recommend = "/Recommendations/Recommend";
    let request = RecommendationRequest {
        user_id: 1,
        category: 3,
        max_results: 3,
    };
    transcript
        .ask("a fourth category", recommend, &request)
        .await;
    let request = RecommendationRequest {
        category: 0,
        max_results: -1,
        ..request
    };
    transcript.ask("max_results -1", recommend, &request).await;

    let pay = "/payment.PaymentService/ProcessPayment";
    let good = PaymentRequest {
        order_id: "order123".to_owned(),
        amount: 99.99,
        currency: "USD".to_owned(),
        user_id: "user456".to_owned(),
    };
    transcript
        .ask("an empty message", pay, &PaymentRequest::default())
        .await;
    for amount in [-5.0, 0.0, f64::NAN, f64::INFINITY, 0.001] {
        let request = PaymentRequest {
            amount,
            ..good.clone()
        };
        transcript
            .ask(&format!("amount {amount:?}"), pay, &request)
            .await;
    }
    let request = PaymentRequest {
        currency: "usd".to_owned(),
        ..good.clone()
    };
    transcript
        .ask("a currency in lower case", pay, &request)
        .await;
    let request = PaymentRequest {
        user_id: " ".to_owned(),
        ..good
    };
    transcript
        .ask("a user of nothing but space", pay, &request)
        .await;
    insta::assert_snapshot!("tutorials", transcript.text.trim_end());
}
