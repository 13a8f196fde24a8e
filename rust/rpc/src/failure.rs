//! Converts the errors of a service to statuses. This is the only module that builds
//! `google.rpc` details for domain errors.

use std::{collections::HashMap, error::Error, fmt::Write as _, time::Duration};

use contract::pack_any;
use contract::{DeclaredError, errors::shared as errors};
use prost::Message;
use tonic::Status;
use tonic_types::pb;

use crate::CallContext;

/// The `domain` of every `google.rpc.ErrorInfo` that Bindery sends.
pub const DOMAIN: &str = "bookstore";

/// The `RetryInfo` delay of [`store_unavailable`]. A database that restarts is back in
/// seconds; clients double the delay with each further failure.
const STORE_RETRY: Duration = Duration::from_millis(500);

/// Creates a failure with an error that the contract declares and a `message` for humans.
/// Code, reason and message are sent to the client.
pub fn failure(error: DeclaredError, message: impl Into<String>) -> Failure {
    Failure {
        error,
        message: message.into(),
        metadata: HashMap::new(),
        retry_after: None,
    }
}

/// The failure of a call whose database does not respond: STORE_UNAVAILABLE with a retry
/// delay. The cause is not sent, because it may contain hosts and files. It is logged at DEBUG:
/// the crate `store` logs once that a database fails, and a line for every call would hide it.
pub fn store_unavailable(cause: &(dyn Error + 'static)) -> Failure {
    let context = CallContext::current();
    tracing::debug!(
        request_id = context.as_ref().map(|context| context.request_id()),
        method = context.as_ref().map(|context| context.method()),
        error = error_chain(cause),
        "the database does not respond"
    );
    let message = "the database does not respond: retry with backoff";
    failure(errors::STORE_UNAVAILABLE, message).retry_after(STORE_RETRY)
}

/// The failure of a call that waited too long for a connection to the database: OVERLOADED
/// with a retry delay.
pub fn store_overloaded() -> Failure {
    let message = "the database has more calls than it can serve: retry with backoff";
    failure(errors::OVERLOADED, message).retry_after(STORE_RETRY)
}

/// The failure of a call whose request id was used before with a different request.
pub fn request_id_reused(request_id: &impl ToString) -> Failure {
    let request_id = request_id.to_string();
    let message =
        format!("the request id {request_id} was used with a different request: use a new one");
    failure(errors::REQUEST_ID_REUSED, message).with("request_id", request_id)
}

/// A domain error that the contract declares for a method; created by [`failure`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    error: DeclaredError,
    message: String,
    metadata: HashMap<String, String>,
    retry_after: Option<Duration>,
}

impl Failure {
    /// Adds an entry to `ErrorInfo.metadata`: a value that a client needs to handle the
    /// failure, such as the id that was not found.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass numbers and ids by value"
    )]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// Adds `google.rpc.RetryInfo`: how long the client should wait before it retries.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The status with the details `ErrorInfo` and, if there is a delay, `RetryInfo`. The
    /// encoded `google.rpc.Status` has the same code and message.
    ///
    /// With debug assertions, an error that the contract does not declare for the method
    /// of the current call becomes INTERNAL with a message that says so.
    pub fn into_status(self) -> Status {
        if cfg!(debug_assertions)
            && let Some(method) = undeclaring_method(self.error)
        {
            let reason = self.error.reason();
            return Status::internal(format!(
                "the contract does not declare the error {reason} for {method}"
            ));
        }
        let info = pb::ErrorInfo {
            reason: self.error.reason().to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: self.metadata,
        };
        let mut details = vec![pack_any("google.rpc.ErrorInfo", &info)];
        if let Some(delay) = self.retry_after {
            let retry_delay = prost_types::Duration::try_from(delay).ok();
            details.push(pack_any(
                "google.rpc.RetryInfo",
                &pb::RetryInfo { retry_delay },
            ));
        }
        let inner = pb::Status {
            code: self.error.code() as i32,
            message: self.message.clone(),
            details,
        };
        Status::with_details(
            self.error.code(),
            self.message,
            inner.encode_to_vec().into(),
        )
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        failure.into_status()
    }
}

/// The path of the method of the current call if its contract declares errors, but not
/// this one. Methods of the tutorials declare none.
fn undeclaring_method(error: DeclaredError) -> Option<&'static str> {
    let context = CallContext::current()?;
    let method = context.method_info();
    let undeclared = !method.errors.is_empty() && !method.errors.contains(&error);
    undeclared.then_some(method.path)
}

/// The status of an unexpected error: INTERNAL "internal error". The cause and all of
/// its sources are logged with the request id and are not sent to the client.
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

/// The error and its sources on one line, separated by colons.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Skips sources that the text already contains, as many errors do.
        if !line.contains(&text) {
            // Writing to a String can't fail.
            let _ = write!(line, ": {text}");
        }
        source = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_contain_reason_domain_metadata_and_delay() {
        let status = failure(errors::BOOK_NOT_FOUND, "no book has number 7")
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
    fn cause_of_internal_error_is_not_sent() {
        let cause = std::io::Error::other("password of the database is wrong");
        let status = internal(&cause);
        assert_eq!(
            (status.code(), status.message()),
            (tonic::Code::Internal, "internal error")
        );
        assert!(status.details().is_empty());
    }
}
