//! From the contract to the domain. The rules of the contract hold already; what they
//! exclude is not told apart here.

use contract::bookstore::inventory::v1::{self as contract_v1, BookCategory};
use uuid::Uuid;

use crate::{Book, BookId, Line, NewBook, Price, ReservationId};

/// A category, or `None` for all of them.
pub(super) fn category(number: i32) -> Option<BookCategory> {
    BookCategory::try_from(number)
        .ok()
        .filter(|category| *category != BookCategory::Unspecified)
}

/// A UUID in any spelling of its letters.
pub(super) fn uuid(text: &str) -> Uuid {
    // What does not parse was refused by the rule `uuid`; nobody has the id nil.
    Uuid::parse_str(text).unwrap_or_default()
}

pub(super) fn reservation_id(text: &str) -> ReservationId {
    ReservationId(uuid(text))
}

/// A book to import, if it keeps the rules of the contract.
pub(crate) fn new_book(import: contract_v1::BookImport) -> Option<NewBook> {
    let book = import.book?;
    let price = book.price?;
    Some(NewBook {
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

impl From<contract_v1::ReservationLine> for Line {
    fn from(line: contract_v1::ReservationLine) -> Self {
        Self {
            book_id: BookId(line.book_id),
            quantity: line.quantity,
        }
    }
}
