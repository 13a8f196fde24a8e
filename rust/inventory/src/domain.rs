//! What the shop speaks of: books, copies, reservations.

use std::{fmt, time::Duration};

use contract::bookstore::inventory::v1::{BookCategory, ReservationState};
use jiff::Timestamp;
use uuid::Uuid;

/// The number of a book, from 1 to 999,999,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub i32);

impl fmt::Display for BookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The identity of a reservation, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(pub Uuid);

impl fmt::Display for ReservationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A book of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its number.
    pub book_id: BookId,
    /// The title, as printed.
    pub title: String,
    /// The authors, in the order of the title page.
    pub authors: Vec<String>,
    /// The year of first publication, negative before the common era.
    pub publication_year: Option<i32>,
    /// The shelf; never unspecified.
    pub category: BookCategory,
    /// What one copy costs.
    pub price: Price,
}

impl Book {
    /// Replaces U+0000 in texts by U+FFFD: it is no text, and PostgreSQL cannot keep it.
    pub(crate) fn without_nul(mut self) -> Self {
        for text in self.authors.iter_mut().chain([&mut self.title]) {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        self
    }
}

/// An amount of money, in the smallest unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Three letters by ISO 4217.
    pub currency_code: String,
    /// Cents, for dollars.
    pub amount_minor: i64,
}

/// A book as it shall be in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBook {
    /// The book.
    pub book: Book,
    /// The copies in the warehouse; `None` leaves them as they are, and a new book
    /// starts with none.
    pub on_hand: Option<i32>,
}

/// What an import has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Books that were not in the catalogue before.
    pub created: i64,
    /// Books that were, and are different now, be it only in their stock.
    pub updated: i64,
    /// Books that were, and are as before.
    pub unchanged: i64,
}

impl std::ops::AddAssign for ImportCounts {
    fn add_assign(&mut self, more: Self) {
        self.created += more.created;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
    }
}

/// How many copies of a book there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The book.
    pub book_id: BookId,
    /// Copies in the warehouse, the reserved ones among them.
    pub on_hand: i32,
    /// Copies held by reservations.
    pub reserved: i32,
}

impl Level {
    /// Copies that can be reserved.
    pub fn available(self) -> i32 {
        self.on_hand - self.reserved
    }
}

/// Some copies of one book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The book.
    pub book_id: BookId,
    /// How many copies.
    pub quantity: i32,
}

/// The wish to hold copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Chosen by the caller: the same wish again gets the same answer.
    pub request_id: Uuid,
    /// What to hold; lines of the same book add up.
    pub lines: Vec<Line>,
    /// For how long; `None` is [`Hold::DEFAULT_DURATION`].
    pub duration: Option<Duration>,
}

impl Hold {
    /// How long copies are held if nobody says so.
    pub const DEFAULT_DURATION: Duration = Duration::from_secs(15 * 60);

    /// The wish without the request id, in bytes: equal wishes have equal bytes.
    pub(crate) fn body(&self) -> Vec<u8> {
        let duration = self.duration.map_or(0, |duration| duration.as_nanos());
        let mut body = duration.to_be_bytes().to_vec();
        for line in &self.lines {
            body.extend(line.book_id.0.to_be_bytes());
            body.extend(line.quantity.to_be_bytes());
        }
        body
    }
}

/// Copies held for an order until it is paid or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its identity.
    pub reservation_id: ReservationId,
    /// What is held, line by line as it was asked for.
    pub lines: Vec<Line>,
    /// What has become of it.
    pub state: ReservationState,
    /// When the copies go back on sale, if it is held until then.
    pub expire_time: Timestamp,
}

impl Reservation {
    /// The same, as it is at a time: what is held beyond its time has expired, also
    /// before its copies are put back.
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        if self.state == ReservationState::Held && self.expire_time <= now {
            self.state = ReservationState::Expired;
        }
        self
    }
}
