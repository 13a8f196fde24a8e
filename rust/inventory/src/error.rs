//! The errors of the service and their gRPC statuses. The contract declares every status
//! that is returned here.

use std::time::Duration;

use contract::errors::inventory as errors;
use service::{BookId, ConversionError, InvalidPageToken};
use tonic::Status;
use uuid::Uuid;

use crate::{ReservationId, ReservationState, SearchError};

/// After this time, a search index that is being made again may be ready.
const SEARCH_RETRY: Duration = Duration::from_secs(2);

/// Why a call failed. A failed call changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// No book has this id.
    #[error("no book has the number {0}")]
    BookNotFound(BookId),
    /// No reservation has this id.
    #[error("no reservation has the id {0}")]
    ReservationNotFound(ReservationId),
    /// A line asks for more copies than are available.
    #[error("book {book_id} has {available} copies available, fewer than {requested}")]
    OutOfStock {
        /// The book.
        book_id: BookId,
        /// The number of available copies.
        available: i32,
        /// The number of requested copies, summed over all lines of the book.
        requested: i64,
    },
    /// The new stock would be lower than the number of reserved copies.
    #[error("book {book_id} has {reserved} copies reserved, so its stock cannot be {on_hand}")]
    StockBelowReserved {
        /// The book.
        book_id: BookId,
        /// The number of reserved copies.
        reserved: i32,
        /// The rejected stock.
        on_hand: i32,
    },
    /// The stock is not what the caller has seen.
    #[error("book {book_id} has {on_hand} copies now: look at its stock again")]
    StockChanged {
        /// The book.
        book_id: BookId,
        /// The number of copies in the warehouse.
        on_hand: i32,
    },
    /// The reservation is no longer held, so the call is not allowed.
    #[error("the reservation {reservation_id} is not held: its state is {}", state.as_str_name())]
    ReservationNotHeld {
        /// The reservation.
        reservation_id: ReservationId,
        /// Its state.
        state: ReservationState,
    },
    /// The request id was used before with another body.
    #[error("the request id {0} was used with another body: take a new one")]
    RequestIdReused(Uuid),
    /// The page token is malformed or belongs to another query.
    #[error(transparent)]
    InvalidPageToken(#[from] InvalidPageToken),
    /// The search index cannot be used.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The database does not answer or rejected a statement.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A validated request or a response cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The database contains a value that this program cannot have written.
    #[error("the database contains an invalid value: {0}")]
    Corrupt(String),
}

impl From<InventoryError> for Status {
    fn from(error: InventoryError) -> Status {
        let declared = |declared| rpc::failure(declared, error.to_string());
        match &error {
            InventoryError::BookNotFound(book_id) => {
                declared(errors::BOOK_NOT_FOUND).with("book_id", book_id)
            }
            InventoryError::ReservationNotFound(reservation_id) => {
                declared(errors::RESERVATION_NOT_FOUND).with("reservation_id", reservation_id)
            }
            InventoryError::OutOfStock {
                book_id, available, ..
            } => declared(errors::OUT_OF_STOCK)
                .with("book_id", book_id)
                .with("available", available),
            InventoryError::StockBelowReserved {
                book_id, reserved, ..
            } => declared(errors::STOCK_BELOW_RESERVED)
                .with("book_id", book_id)
                .with("reserved", reserved),
            InventoryError::StockChanged { book_id, on_hand } => declared(errors::STOCK_CHANGED)
                .with("book_id", book_id)
                .with("on_hand", on_hand),
            InventoryError::ReservationNotHeld {
                reservation_id,
                state,
            } => declared(errors::RESERVATION_NOT_HELD)
                .with("reservation_id", reservation_id)
                .with("state", state.as_str_name()),
            InventoryError::RequestIdReused(request_id) => rpc::request_id_reused(request_id),
            InventoryError::InvalidPageToken(_) => declared(errors::PAGE_TOKEN_INVALID),
            InventoryError::Store(store::Error::Overloaded) => rpc::store_overloaded(),
            InventoryError::Store(cause) if cause.is_unavailable() => rpc::store_unavailable(cause),
            InventoryError::Search(SearchError::NotReady) => {
                declared(errors::SEARCH_INDEX_NOT_READY).retry_after(SEARCH_RETRY)
            }
            InventoryError::Store(_)
            | InventoryError::Search(_)
            | InventoryError::Conversion(_)
            | InventoryError::Corrupt(_) => return rpc::internal(&error),
        }
        .into_status()
    }
}
