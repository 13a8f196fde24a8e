//! Converts domain types to contract messages.

use contract::bookstore::{inventory::v1 as contract_v1, r#type::v1::Money};
use jiff::Timestamp;

use crate::{Book, Reservation, ReservationLine, StockLevel};

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

impl From<StockLevel> for contract_v1::StockLevel {
    fn from(level: StockLevel) -> Self {
        Self {
            book_id: level.book_id.0,
            on_hand: level.on_hand,
            reserved: level.reserved,
            available: level.available(),
        }
    }
}

impl From<ReservationLine> for contract_v1::ReservationLine {
    fn from(line: ReservationLine) -> Self {
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

/// In a protobuf timestamp `nanos` counts forward even before 1970, so the seconds are
/// rounded down.
fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = time.as_nanosecond();
    let second = 1_000_000_000;
    prost_types::Timestamp {
        // A jiff timestamp is between the years -9999 and 9999, so both values fit.
        seconds: i64::try_from(nanos.div_euclid(second)).unwrap_or_default(),
        nanos: i32::try_from(nanos.rem_euclid(second)).unwrap_or_default(),
    }
}
