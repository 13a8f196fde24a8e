//! Some books and their stock, in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use contract::bookstore::{
    inventory::v1::{
        Book, BookCategory, Reservation, ReservationLine, ReservationState, ReserveStockRequest,
        StockLevel,
    },
    r#type::v1::Money,
};
use prost_types::Timestamp;
use rpc::failure;
use tonic::{Code, Status};

/// What Inventory and Recommendations know.
pub(super) struct Library(Mutex<State>);

/// The state, as one piece.
#[derive(Default)]
pub(super) struct State {
    pub books: BTreeMap<i32, Book>,
    pub stock: HashMap<i32, StockLevel>,
    pub reservations: HashMap<String, Reservation>,
    pub requests: HashMap<String, (ReserveStockRequest, String)>,
    pub revision: i64,
}

/// How many books there are at first: numbers 1 to 45.
const BOOKS: i32 = 45;

/// The reservations that there are at first: one to read and commit, one to release.
pub(crate) const RESERVATIONS: [&str; 2] = [
    "01930000-0000-7000-8000-00000000000a",
    "01930000-0000-7000-8000-00000000000b",
];

impl Library {
    pub(super) fn new() -> Self {
        let mut state = State::default();
        for number in 1..=BOOKS {
            state.books.insert(number, book(number));
            state.set_stock(number, 1000);
        }
        for id in RESERVATIONS {
            state.hold(BOOKS, 1);
            state.reservations.insert(id.to_owned(), reservation(id));
        }
        Self(Mutex::new(state))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The book with a number.
    pub(super) fn book(&self, number: i32) -> Result<&Book, Status> {
        self.books.get(&number).ok_or_else(|| {
            failure(
                Code::NotFound,
                "BOOK_NOT_FOUND",
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

    /// Reserves copies of a book, or gives them back.
    pub(super) fn hold(&mut self, number: i32, copies: i32) {
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
    // Seventeen categories have a name, from 1 on.
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
    }
}

/// A copy of the last book, held until long after any test.
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
