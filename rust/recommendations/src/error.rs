//! The errors of the service and their gRPC statuses.

use contract::errors::recommendations as errors;
use tonic::Status;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The catalogue has not been read from Inventory since the service started.
    #[error("the catalogue has not been read from Inventory yet: repeat with backoff")]
    CatalogueUnavailable,
    /// Checkout does not respond, so it is unknown which books the reader has.
    #[error("the purchases of the reader cannot be read now: repeat with backoff")]
    PurchasesUnavailable,
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        let declared = match error {
            Error::CatalogueUnavailable => errors::CATALOGUE_UNAVAILABLE,
            Error::PurchasesUnavailable => errors::PURCHASES_UNAVAILABLE,
        };
        rpc::failure(declared, error.to_string()).into_status()
    }
}
