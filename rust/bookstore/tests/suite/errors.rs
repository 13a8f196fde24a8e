//! What callers are told, on the wire, when they are wrong.

use contract::{
    RecommendationRequest,
    bookstore::{
        inventory::v1::{
            Book, BookCategory, BookImport, CommitReservationRequest, GetBookRequest,
            GetReservationRequest, ImportBooksRequest, ReservationLine, ReserveStockRequest,
            SearchBooksRequest, SetStockRequest, WatchStockRequest,
        },
        recommendations::v1::RecommendRequest,
        r#type::v1::Money,
    },
    payment::PaymentRequest,
};
use prost::Message;

use crate::house::{
    Folder, House,
    wire::{Refusal, describe, refused},
};

/// What fits through every proxy with room to spare.
const TRAILER_BUDGET: usize = 4096;

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const REQUEST_ID: &str = "018f7c3e-7a50-7cc0-9a3b-0123456789ab";

macro_rules! inventory {
    ($method:literal) => {
        concat!("/bookstore.inventory.v1.InventoryService/", $method)
    };
}

/// Asks one house and writes down what it says.
struct Protocol<'h> {
    house: &'h House,
    text: String,
}

impl<'h> Protocol<'h> {
    fn new(house: &'h House) -> Self {
        let text = String::new();
        Self { house, text }
    }

    async fn ask(&mut self, what: &str, path: &'static str, request: &impl Message) {
        let token = self.house.token().to_owned();
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
        } = refused(self.house.channel(), path, request, token).await;
        assert!(
            trailer_size < TRAILER_BUDGET,
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
        }),
        on_hand: None,
    }
}

#[tokio::test]
async fn what_breaks_a_rule_of_the_contract_is_told_by_field() {
    let folder = Folder::new();
    let house = House::up(&folder);
    let mut protocol = Protocol::new(&house);
    let empty = RecommendRequest::default();
    protocol.ask("an empty message", RECOMMEND, &empty).await;
    let request = RecommendRequest {
        max_results: 3,
        ..empty
    };
    protocol.ask("category unset", RECOMMEND, &request).await;
    protocol.ask("max_results 0", RECOMMEND, &mystery(0)).await;
    protocol
        .ask("max_results 101", RECOMMEND, &mystery(101))
        .await;
    let request = RecommendRequest {
        category: 99,
        ..mystery(3)
    };
    protocol
        .ask("a category that is not defined", RECOMMEND, &request)
        .await;
    let request = RecommendRequest {
        user_id: "ada".to_owned(),
        ..mystery(3)
    };
    protocol
        .ask("a user id that is no UUID", RECOMMEND, &request)
        .await;
    let request = SetStockRequest {
        book_id: 1,
        on_hand: None,
    };
    protocol
        .ask("on_hand unset", inventory!("SetStock"), &request)
        .await;
    let request = ReserveStockRequest::default();
    protocol
        .ask("an empty message", inventory!("ReserveStock"), &request)
        .await;
    let request = GetReservationRequest {
        reservation_id: "7".to_owned(),
    };
    protocol
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
    protocol
        .ask("nothing but space", inventory!("SearchBooks"), &request)
        .await;
    let request = WatchStockRequest {
        book_ids: vec![1, 2, 1, 0],
    };
    protocol
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
    protocol
        .ask(
            "bad books among good ones",
            inventory!("ImportBooks"),
            &request,
        )
        .await;
    insta::assert_snapshot!("rules", protocol.text.trim_end());
    let request = GetBookRequest { book_id: 910_001 };
    let answer = house.inventory().get_book(request).await;
    answer.expect_err("a message is stored as one piece");
}

#[tokio::test]
async fn a_flood_of_broken_rules_is_counted_and_fits_into_the_trailers() {
    let folder = Folder::new();
    let house = House::up(&folder);
    let mut protocol = Protocol::new(&house);
    let request = ImportBooksRequest {
        books: vec![BookImport::default(); 1000],
    };
    protocol
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
        protocol
            .ask(what, inventory!("ImportBooks"), &request)
            .await;
    }
    insta::assert_snapshot!("flood", protocol.text.trim_end());
}

#[tokio::test]
async fn what_a_service_refuses_carries_a_reason_for_programs() {
    let folder = Folder::new();
    let house = House::up(&folder);
    let mut protocol = Protocol::new(&house);
    let request = GetBookRequest { book_id: 999_999 };
    protocol
        .ask("no such book", inventory!("GetBook"), &request)
        .await;
    let request = SearchBooksRequest {
        query: "dune".to_owned(),
        page_token: "the next one".to_owned(),
        ..SearchBooksRequest::default()
    };
    protocol
        .ask(
            "a page token of the caller's own",
            inventory!("SearchBooks"),
            &request,
        )
        .await;
    let reservation_id = REQUEST_ID.to_owned();
    let request = CommitReservationRequest { reservation_id };
    protocol
        .ask(
            "no such reservation",
            inventory!("CommitReservation"),
            &request,
        )
        .await;

    let stock = SetStockRequest {
        book_id: 5,
        on_hand: Some(3),
    };
    house
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
    protocol
        .ask("more than there is", inventory!("ReserveStock"), &request)
        .await;
    request.lines[0].quantity = 2;
    let answer = house.operator().reserve_stock(request.clone()).await;
    answer.expect("there are enough");
    request.lines[0].quantity = 1;
    protocol
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
    protocol
        .ask("less than is reserved", inventory!("SetStock"), &stock)
        .await;
    insta::assert_snapshot!("services", protocol.text.trim_end());
}

#[tokio::test]
async fn strangers_learn_nothing_about_rules() {
    let folder = Folder::new();
    let house = House::up(&folder);
    let mut protocol = Protocol::new(&house);
    // Each of the messages breaks rules, too.
    let empty = SetStockRequest::default();
    let path = inventory!("SetStock");
    protocol.ask_with("no token", path, &empty, None).await;
    protocol
        .ask_with("a wrong token", path, &empty, Some("guessed"))
        .await;
    let empty = ImportBooksRequest::default();
    let path = inventory!("ImportBooks");
    protocol.ask_with("no token", path, &empty, None).await;
    protocol
        .ask_with("a wrong token", path, &empty, Some("guessed"))
        .await;
    let unknown = "/bookstore.inventory.v1.InventoryService/BurnBooks";
    protocol
        .ask_with("no such method", unknown, &empty, None)
        .await;
    let unknown = "/bookstore.lending.v1.LendingService/LendBook";
    protocol
        .ask_with("no such service", unknown, &empty, None)
        .await;
    insta::assert_snapshot!("strangers", protocol.text.trim_end());
}

#[tokio::test]
async fn the_services_of_the_tutorials_refuse_as_documented() {
    let folder = Folder::new();
    let house = House::up(&folder);
    let mut protocol = Protocol::new(&house);
    let recommend = "/Recommendations/Recommend";
    let request = RecommendationRequest {
        user_id: 1,
        category: 3,
        max_results: 3,
    };
    protocol.ask("a fourth category", recommend, &request).await;
    let request = RecommendationRequest {
        category: 0,
        max_results: -1,
        ..request
    };
    protocol.ask("max_results -1", recommend, &request).await;

    let pay = "/payment.PaymentService/ProcessPayment";
    let good = PaymentRequest {
        order_id: "order123".to_owned(),
        amount: 99.99,
        currency: "USD".to_owned(),
        user_id: "user456".to_owned(),
    };
    protocol
        .ask("an empty message", pay, &PaymentRequest::default())
        .await;
    for amount in [-5.0, 0.0, f64::NAN, f64::INFINITY, 0.001] {
        let request = PaymentRequest {
            amount,
            ..good.clone()
        };
        protocol
            .ask(&format!("amount {amount:?}"), pay, &request)
            .await;
    }
    let request = PaymentRequest {
        currency: "usd".to_owned(),
        ..good.clone()
    };
    protocol
        .ask("a currency in lower case", pay, &request)
        .await;
    let request = PaymentRequest {
        user_id: " ".to_owned(),
        ..good
    };
    protocol
        .ask("a user of nothing but space", pay, &request)
        .await;
    insta::assert_snapshot!("tutorials", protocol.text.trim_end());
}
