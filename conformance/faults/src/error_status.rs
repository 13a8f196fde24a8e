//! The status of an error of any contract. `rpc::failure` accepts only the errors that
//! the contract of the bookstore declares.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A status with `google.rpc.ErrorInfo`.
pub(crate) fn error_status(code: Code, reason: &str, message: impl Into<String>) -> Status {
    let details = ErrorDetails::with_error_info(reason, rpc::DOMAIN, HashMap::new());
    Status::with_error_details(code, message, details)
}
