//! The types of the domain: books, stock levels and reservations.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use service::{BookCategory, BookId, Money};
use uuid::Uuid;

/// The id of a reservation, a UUIDv7.
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
    /// The id of the book.
    pub book_id: BookId,
    /// The title as printed on the book.
    pub title: String,
    /// The names of the authors, in the order of the title page.
    pub authors: Vec<String>,
    /// The year of first publication; negative for years before the common era, `None` if
    /// unknown.
    pub publication_year: Option<i32>,
    /// The category.
    pub category: BookCategory,
    /// The price of one copy.
    pub price: Money,
}

/// A book to create, or to replace if the id exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedBook {
    /// The book as it should be in the catalogue.
    pub book: Book,
    /// The copies in the warehouse. `None` keeps the current number, which is 0 for a new
    /// book.
    pub on_hand: Option<i32>,
}

/// The numbers of books that an import created, updated and left unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Books that did not exist before.
    pub created: i64,
    /// Books that existed and were changed, including a change of only the stock.
    pub updated: i64,
    /// Books that existed and did not change.
    pub unchanged: i64,
}

impl std::ops::AddAssign for ImportCounts {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
    }
}

/// The number of copies of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockLevel {
    /// The book.
    pub book_id: BookId,
    /// Copies in the warehouse, including the reserved ones.
    pub on_hand: i32,
    /// Copies that reservations hold.
    pub reserved: i32,
}

impl StockLevel {
    /// Copies that can still be reserved.
    pub fn available(self) -> i32 {
        self.on_hand - self.reserved
    }
}

/// A number of copies of one book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationLine {
    /// The book.
    pub book_id: BookId,
    /// The number of copies.
    pub quantity: i32,
}

/// A request to reserve copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationRequest {
    /// Chosen by the caller. The same request with the same id gets the same response.
    pub request_id: Uuid,
    /// The copies to reserve. Lines of the same book are added up.
    pub lines: Vec<ReservationLine>,
    /// How long the reservation holds; `None` means [`ReservationRequest::DEFAULT_DURATION`].
    pub duration: Option<Duration>,
}

impl ReservationRequest {
    /// How long a reservation holds if the request does not say: 15 minutes.
    pub const DEFAULT_DURATION: Duration = Duration::from_secs(15 * 60);

    /// The longest time that the contract allows.
    pub(crate) const MAX_DURATION: Duration = Duration::from_secs(60 * 60);

    /// The request without its id, encoded: equal requests have equal bytes.
    pub(crate) fn idempotency_body(&self) -> Vec<u8> {
        let duration = self.duration.map_or(0, |duration| duration.as_nanos());
        let mut body = duration.to_be_bytes().to_vec();
        for line in &self.lines {
            body.extend(line.book_id.0.to_be_bytes());
            body.extend(line.quantity.to_be_bytes());
        }
        body
    }
}

/// The state of a reservation. The numbers are those of the contract and of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReservationState {
    /// The copies are held until the time is over.
    Held = 1,
    /// The copies have left the stock.
    Committed = 2,
    /// The caller gave the copies back.
    Released = 3,
    /// The time was over, and the copies are available again.
    Expired = 4,
}

impl ReservationState {
    const ALL: [Self; 4] = [Self::Held, Self::Committed, Self::Released, Self::Expired];

    /// Its number in the contract and in the database, which never changes.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The state with this number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Its name in the contract, for error details.
    pub fn as_str_name(self) -> &'static str {
        match self {
            Self::Held => "RESERVATION_STATE_HELD",
            Self::Committed => "RESERVATION_STATE_COMMITTED",
            Self::Released => "RESERVATION_STATE_RELEASED",
            Self::Expired => "RESERVATION_STATE_EXPIRED",
        }
    }
}

/// Copies that are held for an order until it is paid or cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The id of the reservation.
    pub reservation_id: ReservationId,
    /// The reserved copies, with the same lines as in the request.
    pub lines: Vec<ReservationLine>,
    /// The state: held, committed, released or expired.
    pub state: ReservationState,
    /// When the reservation expires and its copies become available, if it is still held.
    pub expire_time: Timestamp,
}

impl Reservation {
    /// The reservation as seen at `now`. A held reservation whose time is over counts as
    /// expired, even if the stored state is not updated yet.
    pub(crate) fn seen_at(mut self, now: Timestamp) -> Self {
        if self.state == ReservationState::Held && self.expire_time <= now {
            self.state = ReservationState::Expired;
        }
        self
    }
}
