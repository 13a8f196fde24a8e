//! Converts contract messages to domain types.

use contract::bookstore::inventory::v1 as contract_v1;
use service::{BookCategory, BookId, ConversionError, convert};

use crate::{Book, ImportedBook, ReservationId, ReservationLine, ReservationRequest};

/// A category filter; `None` (unset) means all categories.
pub(super) fn category_filter(number: i32) -> Result<Option<BookCategory>, ConversionError> {
    convert::optional_book_category("category", number)
}

pub(super) fn reservation_id(text: &str) -> Result<ReservationId, ConversionError> {
    convert::uuid("reservation_id", text).map(ReservationId)
}

pub(super) fn reservation_request(
    request: contract_v1::ReserveStockRequest,
) -> Result<ReservationRequest, ConversionError> {
    let duration = request.hold.map(|hold| convert::duration("hold", hold));
    Ok(ReservationRequest {
        request_id: convert::uuid("request_id", &request.request_id)?,
        lines: request.lines.into_iter().map(Into::into).collect(),
        duration: duration.transpose()?,
    })
}

/// A book to import.
pub(crate) fn imported_book(
    import: contract_v1::BookImport,
) -> Result<ImportedBook, ConversionError> {
    let book = convert::required("book", import.book)?;
    Ok(ImportedBook {
        book: Book {
            book_id: BookId(book.book_id),
            title: book.title,
            authors: book.authors,
            publication_year: book.publication_year,
            category: convert::book_category("category", book.category)?,
            price: convert::money("price", book.price)?,
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
