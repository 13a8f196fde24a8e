//! The in-memory state of the inventory and recommendation services.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use contract::{
    bookstore::{
        inventory::v1::{
            Book, BookCategory, Reservation, ReservationLine, ReservationState,
            ReserveStockRequest, StockLevel,
        },
        r#type::v1::Money,
    },
    errors::inventory as errors,
};
use prost_types::Timestamp;
use rpc::failure;
use tonic::Status;

/// The state that Inventory and Recommendations share.
pub(super) struct Catalogue(Mutex<State>);

/// Books, stock, reservations, and reservation requests by request id.
#[derive(Default)]
pub(super) struct State {
    pub books: BTreeMap<i32, Book>,
    pub stock: HashMap<i32, StockLevel>,
    pub reservations: HashMap<String, Reservation>,
    pub requests: HashMap<String, (ReserveStockRequest, String)>,
    pub revision: i64,
}

/// The initial number of books; their ids are 1 to 45.
const BOOKS: i32 = 45;

/// The ids of the initial reservations: one to read and commit, one to release.
pub(crate) const RESERVATIONS: [&str; 2] = [
    "01930000-0000-7000-8000-00000000000a",
    "01930000-0000-7000-8000-00000000000b",
];

impl Catalogue {
    pub(super) fn new() -> Self {
        let mut state = State::default();
        for number in 1..=BOOKS {
            state.books.insert(number, book(number));
            state.set_stock(number, 1000);
        }
        for id in RESERVATIONS {
            state.add_reserved(BOOKS, 1);
            state.reservations.insert(id.to_owned(), reservation(id));
        }
        Self(Mutex::new(state))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The book with this id.
    pub(super) fn book(&self, number: i32) -> Result<&Book, Status> {
        self.books.get(&number).ok_or_else(|| {
            failure(
                errors::BOOK_NOT_FOUND,
                format!("no book has the number {number}"),
            )
            .with("book_id", number)
            .into_status()
        })
    }

    pub(super) fn level(&self, number: i32) -> StockLevel {
        let level = self.stock.get(&number).copied();
        level.unwrap_or(StockLevel {
            book_id: number,
            ..StockLevel::default()
        })
    }

    /// Adds to the number of reserved copies of a book; negative to release copies.
    pub(super) fn add_reserved(&mut self, number: i32, copies: i32) {
        let mut level = self.level(number);
        level.reserved += copies;
        level.available = level.on_hand - level.reserved;
        self.stock.insert(number, level);
    }

    pub(super) fn set_stock(&mut self, number: i32, on_hand: i32) {
        let reserved = self.level(number).reserved;
        let level = StockLevel {
            book_id: number,
            on_hand,
            reserved,
            available: on_hand - reserved,
        };
        self.stock.insert(number, level);
    }
}

fn book(number: i32) -> Book {
    // The categories 1 to 17 are defined.
    let category = BookCategory::try_from(1 + number % 17).unwrap_or(BookCategory::General);
    Book {
        book_id: number,
        title: format!("Volume {number:03}"),
        authors: vec![format!("Author {}", number % 7)],
        publication_year: (number % 4 != 0).then_some(1900 + number),
        category: category.into(),
        price: Some(Money {
            currency_code: "EUR".to_owned(),
            amount_minor: Some(900 + i64::from(number)),
        }),
        ..Book::default()
    }
}

/// A reservation of one copy of the last book that does not expire during a test.
fn reservation(id: &str) -> Reservation {
    Reservation {
        reservation_id: id.to_owned(),
        lines: vec![ReservationLine {
            book_id: BOOKS,
            quantity: 1,
        }],
        state: ReservationState::Held.into(),
        expire_time: Some(Timestamp {
            seconds: 4_000_000_000,
            nanos: 0,
        }),
    }
}
