//! Tests of the service through its generated client, on both engines.

mod background;
mod catalogue;
mod comparison;
mod concurrency;
mod export;
mod foreign_files;
mod import_files;
mod import_large_file;
mod migrations;
mod onix;
mod paging;
mod relevance;
mod remove;
mod reservations;
mod search;
mod search_availability;
mod search_filters;
mod search_index;
mod statements;
mod stock;
mod watch;

use std::{collections::HashMap, sync::Arc, time::Duration};

use contract::bookstore::{
    inventory::v1::{
        BatchGetStockRequest, Book, BookCategory, BookImport, ImportBooksRequest,
        ImportBooksResponse, Reservation, ReservationLine, ReserveStockRequest, StockLevel,
        inventory_service_client::InventoryServiceClient,
    },
    r#type::v1::Money,
};
use rpc::{Channel, Router};
use service::{Clock, ManualClock};
use store::{Db, testing::TestDb};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{Inventory, Options};

type Client = InventoryServiceClient<Channel>;

/// The service with a test database and a [`ManualClock`].
struct TestInventory {
    inventory: Inventory,
    client: Client,
    /// Makes its calls as the service that commits and releases reservations.
    cart: Client,
    clock: Arc<ManualClock>,
    /// Kept because the channel of the client works only while its router exists.
    _router: Router,
}

impl TestInventory {
    fn open(database: &TestDb) -> Self {
        Self::with_db(database.db().clone())
    }

    fn with_db(db: Db) -> Self {
        let options = Options {
            sweep_interval: Duration::from_millis(30),
            ..Options::default()
        };
        Self::with_options(db, options)
    }

    /// As with these options and a [`ManualClock`].
    fn with_options(db: Db, options: Options) -> Self {
        let now = "2026-02-03T04:05:06.000007Z"
            .parse()
            .expect("the time parses");
        let clock = Arc::new(ManualClock::at(now));
        let options = Options {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..options
        };
        let inventory = Inventory::new(db, options);
        let router = Router::new(rpc::Options::default()).add(inventory.server());
        Self {
            client: Client::new(router.in_process().with_caller(rpc::Caller::Operator)),
            cart: Client::new(router.in_process().as_service(&"cart".into(), None)),
            inventory,
            clock,
            _router: router,
        }
    }

    /// A service with the books 1 to `books`, each with `on_hand` copies.
    async fn with_stock(database: &TestDb, books: i32, on_hand: i32) -> Self {
        let mut service = Self::open(database);
        service
            .import((1..=books).map(|id| {
                let mut import = book(id, &format!("Book {id}"), &["Author"]);
                import.on_hand = Some(on_hand);
                import
            }))
            .await;
        service
    }

    async fn import(&mut self, books: impl IntoIterator<Item = BookImport>) -> ImportBooksResponse {
        self.try_import(books)
            .await
            .expect("the books are imported")
    }

    async fn try_import(
        &mut self,
        books: impl IntoIterator<Item = BookImport>,
    ) -> Result<ImportBooksResponse, Status> {
        self.try_import_messages([books.into_iter().collect()])
            .await
    }

    /// Imports the books of each list in a message of its own.
    async fn try_import_messages<const N: usize>(
        &mut self,
        lists: [Vec<BookImport>; N],
    ) -> Result<ImportBooksResponse, Status> {
        let messages = lists.map(|books| ImportBooksRequest { books });
        let response = self
            .client
            .import_books(futures::stream::iter(messages))
            .await;
        response.map(tonic::Response::into_inner)
    }

    async fn level(&mut self, book_id: i32) -> StockLevel {
        let request = BatchGetStockRequest {
            book_ids: vec![book_id],
        };
        let response = self
            .client
            .batch_get_stock(request)
            .await
            .expect("the stock is read");
        response.into_inner().levels.pop().expect("the book exists")
    }

    async fn reserve(&mut self, lines: &[(i32, i32)]) -> Result<Reservation, Status> {
        self.reserve_as(Uuid::new_v4(), lines, None).await
    }

    async fn reserve_as(
        &mut self,
        request_id: Uuid,
        lines: &[(i32, i32)],
        seconds: Option<i64>,
    ) -> Result<Reservation, Status> {
        let response = self
            .client
            .reserve_stock(reservation_request(request_id, lines, seconds))
            .await?;
        Ok(response
            .into_inner()
            .reservation
            .expect("the response has a reservation"))
    }
}

fn reservation_request(
    request_id: Uuid,
    lines: &[(i32, i32)],
    seconds: Option<i64>,
) -> ReserveStockRequest {
    let lines = lines.iter().map(|(book_id, quantity)| ReservationLine {
        book_id: *book_id,
        quantity: *quantity,
    });
    ReserveStockRequest {
        request_id: request_id.to_string(),
        lines: lines.collect(),
        hold: seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 }),
    }
}

/// A book of the category mystery, without stock.
fn book(book_id: i32, title: &str, authors: &[&str]) -> BookImport {
    BookImport {
        book: Some(Book {
            book_id,
            title: title.to_owned(),
            authors: authors.iter().map(|&author| author.to_owned()).collect(),
            publication_year: Some(1930),
            category: BookCategory::Mystery.into(),
            price: Some(Money {
                currency_code: "USD".to_owned(),
                amount_minor: Some(999),
            }),
            ..Book::default()
        }),
        on_hand: None,
    }
}

/// The same book in another category.
fn in_category(category: BookCategory, mut import: BookImport) -> BookImport {
    if let Some(book) = &mut import.book {
        book.category = category.into();
    }
    import
}

/// The code, the reason and the metadata of the error of a failed call.
fn failure<T: std::fmt::Debug>(
    outcome: Result<T, Status>,
) -> (Code, String, HashMap<String, String>) {
    let status = outcome.expect_err("the call fails");
    let Some(info) = status.get_details_error_info() else {
        panic!("{status} has no reason");
    };
    (status.code(), info.reason, info.metadata)
}

fn metadata(entries: &[(&str, &str)]) -> HashMap<String, String> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The numbers on hand, reserved and available.
fn counts(level: StockLevel) -> (i32, i32, i32) {
    (level.on_hand, level.reserved, level.available)
}
