//! How the error of a service becomes a status: the last step, and the only place
//! that builds `google.rpc` details for domain errors.

use std::{collections::HashMap, error::Error, fmt::Write as _, time::Duration};

use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::CallContext;

/// The `domain` of every `google.rpc.ErrorInfo` that Bindery sends.
pub const DOMAIN: &str = "bookstore";

/// Begins a failure: `code` and `reason` as the contract declares them, `message`
/// for a person. Nothing in it may be secret.
pub fn failure(code: Code, reason: &'static str, message: impl Into<String>) -> Failure {
    Failure {
        code,
        reason,
        message: message.into(),
        metadata: HashMap::new(),
        retry_after: None,
    }
}

/// A failure that the contract declares; see [`failure`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    code: Code,
    reason: &'static str,
    message: String,
    metadata: HashMap<String, String>,
    retry_after: Option<Duration>,
}

impl Failure {
    /// Adds what a program needs to act on the failure, such as the id that was
    /// not found.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass numbers and ids; a reference would be noise"
    )]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// Tells the caller how long to wait before the next attempt, as
    /// `google.rpc.RetryInfo`.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The status: `ErrorInfo`, then `RetryInfo` if any; code and message inside
    /// equal those outside.
    pub fn into_status(self) -> Status {
        let info = pb::ErrorInfo {
            reason: self.reason.to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: self.metadata,
        };
        let mut details = vec![any("google.rpc.ErrorInfo", &info)];
        if let Some(delay) = self.retry_after {
            let retry_delay = prost_types::Duration::try_from(delay).ok();
            details.push(any("google.rpc.RetryInfo", &pb::RetryInfo { retry_delay }));
        }
        let inner = pb::Status {
            code: self.code as i32,
            message: self.message.clone(),
            details,
        };
        Status::with_details(self.code, self.message, inner.encode_to_vec().into())
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        failure.into_status()
    }
}

/// For what is our fault and nobody's business: logs the cause with all its
/// sources and the request id, and answers INTERNAL "internal error".
pub fn internal(cause: &(dyn Error + 'static)) -> Status {
    let context = CallContext::current();
    tracing::error!(
        request_id = context.as_ref().map(|context| context.request_id()),
        method = context.as_ref().map(|context| context.method()),
        error = error_chain(cause),
        "internal error"
    );
    Status::internal("internal error")
}

/// The error and its sources on one line.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Many errors repeat their source in their own text.
        if !line.contains(&text) {
            // Writing to a string does not fail.
            let _ = write!(line, ": {text}");
        }
        source = cause.source();
    }
    line
}

fn any(full_name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{full_name}"),
        value: message.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_carry_reason_domain_metadata_and_delay() {
        let status = failure(Code::NotFound, "BOOK_NOT_FOUND", "no book has number 7")
            .with("book_id", 7)
            .retry_after(Duration::from_millis(250))
            .into_status();
        let inner = pb::Status::decode(status.details()).expect("details decode");
        assert_eq!(
            (inner.code, &*inner.message),
            (status.code() as i32, status.message())
        );
        let info = pb::ErrorInfo::decode(&*inner.details[0].value).expect("info decodes");
        assert_eq!(
            (&*info.reason, &*info.domain),
            ("BOOK_NOT_FOUND", "bookstore")
        );
        assert_eq!(info.metadata["book_id"], "7");
        let retry = pb::RetryInfo::decode(&*inner.details[1].value).expect("delay decodes");
        assert_eq!(
            retry.retry_delay.map(|delay| delay.nanos),
            Some(250_000_000)
        );
    }

    #[test]
    fn internal_causes_stay_inside() {
        let cause = std::io::Error::other("password of the database is wrong");
        let status = internal(&cause);
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error")
        );
        assert!(status.details().is_empty());
    }
}
