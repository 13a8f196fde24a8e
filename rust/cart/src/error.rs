//! The errors of the service and their gRPC statuses. The contract declares every status
//! that is returned here.

use std::time::Duration;

use contract::errors::cart as errors;
use service::{BookId, ConversionError};
use tonic::Status;

use crate::CartFull;

/// The `RetryInfo` delay while Inventory does not respond.
const CATALOGUE_RETRY: Duration = Duration::from_millis(500);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CartError {
    /// No book has this id.
    #[error("no book has the number {0}")]
    BookNotFound(BookId),
    /// The cart would have too many different books.
    #[error(transparent)]
    Full(#[from] CartFull),
    /// Inventory does not respond.
    #[error("the catalogue does not respond: retry with backoff")]
    CatalogueUnavailable,
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

impl From<CartError> for Status {
    fn from(error: CartError) -> Status {
        let declared = |declared| rpc::failure(declared, error.to_string());
        match &error {
            CartError::BookNotFound(book_id) => {
                declared(errors::BOOK_NOT_FOUND).with("book_id", book_id)
            }
            CartError::Full(CartFull) => declared(errors::CART_FULL),
            CartError::CatalogueUnavailable => {
                declared(errors::CATALOGUE_UNAVAILABLE).retry_after(CATALOGUE_RETRY)
            }
            CartError::Store(store::Error::Overloaded) => rpc::store_overloaded(),
            CartError::Store(cause) if cause.is_unavailable() => rpc::store_unavailable(cause),
            CartError::Store(_) | CartError::Conversion(_) | CartError::Corrupt(_) => {
                return rpc::internal(&error);
            }
        }
        .into_status()
    }
}
