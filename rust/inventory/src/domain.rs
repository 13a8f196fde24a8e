//! The types of the domain: books, stock levels and reservations.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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
    /// The ISBN-13, without hyphens.
    pub isbn: Option<String>,
    /// The title of the first edition, if it differs from the title.
    pub original_title: Option<String>,
    /// The language of the text, a code of two or three letters.
    pub language: Option<String>,
    /// The average rating by the source of the catalogue, in hundredths of a star.
    pub rating_hundredths: Option<i32>,
    /// The number of ratings by the source of the catalogue.
    pub rating_count: i64,
    /// What the book is about, as plain text with paragraphs.
    pub description: Option<String>,
    /// The name of the publisher.
    pub publisher: Option<String>,
    /// The number of pages.
    pub page_count: Option<i32>,
    /// The name of the series.
    pub series: Option<String>,
    /// The place in the series: a decimal number, or a range for a set of books.
    pub series_number: Option<String>,
    /// The https address of an image of the cover.
    pub image_url: Option<String>,
}

#[cfg(test)]
impl Book {
    /// A book of which nothing else is known.
    pub(crate) fn new(book_id: BookId, category: BookCategory) -> Self {
        Self {
            book_id,
            title: String::new(),
            authors: Vec::new(),
            publication_year: None,
            category,
            price: Money {
                currency_code: "USD".to_owned(),
                amount_minor: 0,
            },
            isbn: None,
            original_title: None,
            language: None,
            rating_hundredths: None,
            rating_count: 0,
            description: None,
            publisher: None,
            page_count: None,
            series: None,
            series_number: None,
            image_url: None,
        }
    }
}

/// The order of the books of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchOrder {
    /// Best match first.
    #[default]
    Relevance,
    /// By the first letters of the title, from A to Z.
    Title,
    /// The lowest price first.
    PriceAscending,
    /// The highest price first.
    PriceDescending,
    /// The latest year of publication first.
    Newest,
    /// The highest average rating first.
    Rating,
    /// By the number in the series.
    Series,
}

/// The lowest and the highest allowed value; `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds<T> {
    /// The lowest allowed value.
    pub min: Option<T>,
    /// The highest allowed value.
    pub max: Option<T>,
}

impl<T: Copy + PartialOrd> Bounds<T> {
    pub(crate) fn is_set(&self) -> bool {
        self.min.is_some() || self.max.is_some()
    }

    pub(crate) fn contains(&self, value: T) -> bool {
        let at_least = self.min.is_none_or(|min| value >= min);
        at_least && self.max.is_none_or(|max| value <= max)
    }
}

/// Which books a search is restricted to. `None` means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchFilters {
    /// Only books of this category.
    pub category: Option<BookCategory>,
    /// Only books with a price in this range, in the smallest unit of the currency.
    pub price: Bounds<i64>,
    /// Only books that were first published in this range of years.
    pub year: Bounds<i32>,
    /// Only books in this language, a code of two or three letters.
    pub language: Option<String>,
    /// Only books with at least this average rating, in hundredths of a star.
    pub min_rating_hundredths: Option<i32>,
    /// Only books of which copies are available.
    pub in_stock_only: bool,
    /// Only books of this author, in any spelling of the whole name.
    pub author: Option<String>,
    /// Only books of this series, in any spelling of the whole name.
    pub series: Option<String>,
}

/// A number of books with values in a range; `None` means that the range has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// The lowest value of the range.
    pub min: Option<T>,
    /// The highest value of the range.
    pub max: Option<T>,
    /// The number of books.
    pub count: i32,
}

/// The numbers of found books by their properties, without properties that none has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    /// The categories, in the order of their numbers.
    pub categories: Vec<(BookCategory, i32)>,
    /// The ranges of prices, in the smallest unit of the currency, lowest first.
    pub prices: Vec<Range<i64>>,
    /// The ranges of years, earliest first.
    pub years: Vec<Range<i32>>,
    /// The codes of the languages, the most frequent first.
    pub languages: Vec<(String, i32)>,
    /// The least average ratings in hundredths of a star, highest first.
    pub ratings: Vec<(i32, i32)>,
    /// The number of books of which copies are available.
    pub in_stock: i32,
}

/// The catalogue as the search index follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Catalogue {
    /// No other database has it, nor this one after books were removed.
    pub(crate) id: String,
    /// Grows with every change of books.
    pub(crate) revision: i64,
    /// Grows whenever books are sold out or have copies again.
    pub(crate) stock_revision: i64,
}

/// The place of a book in the order of changes: by the revision, and by the id of the book within
/// one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) revision: i64,
    pub(crate) book_id: i32,
}

impl Change {
    /// Before all changes.
    pub(crate) const BEFORE_FIRST: Self = Self {
        revision: -1,
        book_id: 0,
    };

    /// The last change that a revision can have.
    pub(crate) fn last_of(revision: i64) -> Self {
        Self {
            revision,
            book_id: i32::MAX,
        }
    }
}

/// What the search index knows of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexedBook {
    pub(crate) book: Book,
    /// Whether copies can be reserved.
    pub(crate) is_in_stock: bool,
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
