//! The errors of the service and their gRPC statuses.

use contract::errors::recommendations as errors;
use tonic::Status;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The catalogue has not been read from Inventory since the service started.
    #[error("the catalogue has not been read from Inventory yet: repeat with backoff")]
    CatalogueUnavailable,
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        match error {
            Error::CatalogueUnavailable => {
                rpc::failure(errors::CATALOGUE_UNAVAILABLE, error.to_string()).into_status()
            }
        }
    }
}
