//! From the domain to the contract.

use contract::bookstore::{inventory::v1 as contract_v1, r#type::v1::Money};
use jiff::Timestamp;

use crate::{Book, Level, Line, Reservation};

impl From<Book> for contract_v1::Book {
    fn from(book: Book) -> Self {
        Self {
            book_id: book.book_id.0,
            title: book.title,
            authors: book.authors,
            publication_year: book.publication_year,
            category: book.category.into(),
            price: Some(Money {
                currency_code: book.price.currency_code,
                amount_minor: Some(book.price.amount_minor),
            }),
        }
    }
}

impl From<Level> for contract_v1::StockLevel {
    fn from(level: Level) -> Self {
        Self {
            book_id: level.book_id.0,
            on_hand: level.on_hand,
            reserved: level.reserved,
            available: level.available(),
        }
    }
}

impl From<Line> for contract_v1::ReservationLine {
    fn from(line: Line) -> Self {
        Self {
            book_id: line.book_id.0,
            quantity: line.quantity,
        }
    }
}

impl From<Reservation> for contract_v1::Reservation {
    fn from(reservation: Reservation) -> Self {
        Self {
            reservation_id: reservation.reservation_id.to_string(),
            lines: reservation.lines.into_iter().map(Into::into).collect(),
            state: reservation.state.into(),
            expire_time: Some(timestamp(reservation.expire_time)),
        }
    }
}

/// A prost timestamp counts its nanoseconds forward from the second before.
fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = time.as_nanosecond();
    let second = 1_000_000_000;
    prost_types::Timestamp {
        // A jiff timestamp lies within 10,000 years, so both fit.
        seconds: i64::try_from(nanos.div_euclid(second)).unwrap_or_default(),
        nanos: i32::try_from(nanos.rem_euclid(second)).unwrap_or_default(),
    }
}
