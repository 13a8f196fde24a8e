//! Converts contract messages to domain types. The codec has already validated the
//! messages, so values that the rules of the contract exclude get no errors here.

use contract::bookstore::inventory::v1::{self as contract_v1, BookCategory};
use uuid::Uuid;

use crate::{Book, BookId, ImportedBook, Price, ReservationId, ReservationLine};

/// A category filter; `None` (unset) means all categories.
pub(super) fn category(number: i32) -> Option<BookCategory> {
    BookCategory::try_from(number)
        .ok()
        .filter(|category| *category != BookCategory::Unspecified)
}

/// A UUID, in upper or lower case.
pub(super) fn uuid(text: &str) -> Uuid {
    // The rule `uuid` has refused text that does not parse. Nothing has the nil id.
    Uuid::parse_str(text).unwrap_or_default()
}

pub(super) fn reservation_id(text: &str) -> ReservationId {
    ReservationId(uuid(text))
}

/// A book to import; `None` if it violates the rules of the contract.
pub(crate) fn imported_book(import: contract_v1::BookImport) -> Option<ImportedBook> {
    let book = import.book?;
    let price = book.price?;
    Some(ImportedBook {
        book: Book {
            book_id: BookId(book.book_id),
            title: book.title,
            authors: book.authors,
            publication_year: book.publication_year,
            category: category(book.category)?,
            price: Price {
                currency_code: price.currency_code,
                amount_minor: price.amount_minor?,
            },
        },
        on_hand: import.on_hand,
    })
}

impl From<contract_v1::ReservationLine> for ReservationLine {
    fn from(line: contract_v1::ReservationLine) -> Self {
        Self {
            book_id: BookId(line.book_id),
            quantity: line.quantity,
        }
    }
}
