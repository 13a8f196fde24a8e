//! The errors of the service and their gRPC statuses. The contract declares every status
//! that is returned here.

use std::time::Duration;

use contract::errors::{reviews as errors, shared};
use service::{BookId, ConversionError, InvalidPageToken};
use tonic::Status;
use uuid::Uuid;

/// The `RetryInfo` delay while Inventory does not respond.
const CATALOGUE_RETRY: Duration = Duration::from_millis(500);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewsError {
    /// No book has this id.
    #[error("no book has the number {0}")]
    BookNotFound(BookId),
    /// The account has no review of this book.
    #[error("the account has no review of the book {0}: write one with PutReview")]
    ReviewOfBookNotFound(BookId),
    /// No review has this id.
    #[error("no review has the id {0}: its author may have deleted it")]
    ReviewNotFound(Uuid),
    /// The account was deleted after the call was authenticated.
    #[error("the account was deleted: sign in with another one")]
    AccountDeleted,
    /// The page token belongs to another list.
    #[error(transparent)]
    InvalidPageToken(#[from] InvalidPageToken),
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

impl From<ReviewsError> for Status {
    fn from(error: ReviewsError) -> Status {
        let declared = |declared| rpc::failure(declared, error.to_string());
        match &error {
            ReviewsError::BookNotFound(book_id) => {
                declared(errors::BOOK_NOT_FOUND).with("book_id", book_id)
            }
            ReviewsError::ReviewOfBookNotFound(book_id) => {
                declared(errors::REVIEW_NOT_FOUND).with("book_id", book_id)
            }
            ReviewsError::ReviewNotFound(review_id) => {
                declared(errors::REVIEW_NOT_FOUND).with("review_id", review_id)
            }
            ReviewsError::AccountDeleted => declared(shared::SESSION_INVALID),
            ReviewsError::InvalidPageToken(_) => declared(errors::PAGE_TOKEN_INVALID),
            ReviewsError::CatalogueUnavailable => {
                declared(errors::CATALOGUE_UNAVAILABLE).retry_after(CATALOGUE_RETRY)
            }
            ReviewsError::Store(store::Error::Overloaded) => rpc::store_overloaded(),
            ReviewsError::Store(cause) if cause.is_unavailable() => rpc::store_unavailable(cause),
            ReviewsError::Store(_) | ReviewsError::Conversion(_) | ReviewsError::Corrupt(_) => {
                return rpc::internal(&error);
            }
        }
        .into_status()
    }
}
