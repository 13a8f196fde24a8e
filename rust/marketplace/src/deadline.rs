//! The deadline of a page, which all its calls share.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Code, Request, Response, Status};

/// The point in time by which all calls of one page must end. Each call gets the remaining
/// time as its gRPC deadline, which its channel enforces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    instant: Instant,
}

/// Why a call gave no result. The details are only in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service answered NOT_FOUND.
    NotFound,
    /// The service answered INVALID_ARGUMENT.
    InvalidArgument,
    /// No answer in time, or any other error.
    Unavailable,
}

impl Deadline {
    /// The deadline `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        Self {
            instant: Instant::now() + timeout,
        }
    }

    /// An earlier deadline, after this fraction (0 to 1) of the remaining time: for a call
    /// that has a fallback, so that time remains for the fallback.
    #[must_use]
    pub fn fraction(self, fraction: f32) -> Self {
        Self::after(self.remaining().mul_f32(fraction))
    }

    fn remaining(self) -> Duration {
        self.instant.saturating_duration_since(Instant::now())
    }

    /// Makes one call, limited to the remaining time.
    pub async fn call<Q, A, F>(
        self,
        method: &'static str,
        message: Q,
        call: impl FnOnce(Request<Q>) -> F,
    ) -> Result<A, Failure>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        match call(self.request(message)).await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => Err(classify(method, &status)),
        }
    }

    /// A request that is limited to the remaining time.
    pub fn request<Q>(self, message: Q) -> Request<Q> {
        let mut request = Request::new(message);
        request.set_timeout(self.remaining());
        request
    }
}

fn classify(method: &'static str, status: &Status) -> Failure {
    match status.code() {
        Code::NotFound => Failure::NotFound,
        Code::InvalidArgument => {
            tracing::debug!(method, message = status.message(), "refused");
            Failure::InvalidArgument
        }
        _ => {
            tracing::warn!(method, %status, "call failed; its data is left out of the page");
            Failure::Unavailable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn remaining_time_is_sent_as_grpc_timeout() {
        let deadline = Deadline::after(Duration::from_millis(300)).fraction(0.5);
        let answer = deadline
            .call("Test", (), async |request| {
                let deadline = request.metadata().get("grpc-timeout").cloned();
                Ok(Response::new(deadline))
            })
            .await;
        let deadline = answer.expect("answered").expect("a deadline");
        assert_eq!(deadline.to_str().ok(), Some("150000u"));
    }
}
