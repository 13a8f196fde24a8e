//! Converts domain types to contract messages.

use contract::bookstore::inventory::v1 as contract_v1;
use service::convert;

use crate::{Book, Reservation, ReservationLine, StockLevel};

impl From<Book> for contract_v1::Book {
    fn from(book: Book) -> Self {
        Self {
            book_id: book.book_id.0,
            title: book.title,
            authors: book.authors,
            publication_year: book.publication_year,
            category: book.category.number(),
            price: Some(book.price.into()),
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
            state: reservation.state.number(),
            expire_time: Some(convert::timestamp_to_proto(reservation.expire_time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::bookstore::inventory::v1::ReservationState as ContractState;

    use crate::ReservationState;

    #[test]
    fn reservation_states_are_those_of_the_contract() {
        let of_the_contract = (1..).map_while(|number| ContractState::try_from(number).ok());
        let of_the_contract: Vec<_> = of_the_contract
            .map(|state| (state as i32, state.as_str_name()))
            .collect();
        let ours = (1..).map_while(ReservationState::from_number);
        let ours: Vec<_> = ours
            .map(|state| (state.number(), state.as_str_name()))
            .collect();
        assert_eq!(ours, of_the_contract);
    }
}
