//! What can go wrong in drawing books, and the status that it becomes.

use tonic::{Code, Status};

/// Why no books were drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The catalogue could not be read from Inventory since the service started.
    #[error("the catalogue has not been read from Inventory yet: repeat with backoff")]
    CatalogueUnavailable,
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        match error {
            Error::CatalogueUnavailable => rpc::failure(
                Code::Unavailable,
                "CATALOGUE_UNAVAILABLE",
                error.to_string(),
            )
            .into_status(),
        }
    }
}
