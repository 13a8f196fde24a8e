//! The declared errors of other services.

use std::collections::HashMap;

use tonic::Status;
use tonic_types::StatusExt;

/// The reason of an error that the contract declares, and what was added to it. The reason is
/// empty for all other errors.
#[derive(Debug, Default)]
pub(crate) struct RemoteError {
    pub(crate) reason: String,
    metadata: HashMap<String, String>,
}

impl RemoteError {
    /// A value that was added to the reason; empty if it was not.
    pub(crate) fn value(&self, key: &str) -> &str {
        self.metadata
            .get(key)
            .map(String::as_str)
            .unwrap_or_default()
    }
}

impl From<&Status> for RemoteError {
    fn from(status: &Status) -> Self {
        match status.get_details_error_info() {
            None => Self::default(),
            Some(info) => Self {
                reason: info.reason,
                metadata: info.metadata,
            },
        }
    }
}
