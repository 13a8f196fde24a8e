//! The deadline of a page, which all its calls share.

use std::{fmt, time::Duration};

use tokio::time::Instant;
use tonic::{Code, Request, Response, Status};

/// The point in time by which all calls of one page must end. Each call sends the remaining
/// time as its gRPC deadline and is also limited by our own timer, because a service may
/// ignore deadlines.
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
        let remaining = self.remaining();
        if remaining.is_zero() {
            return Err(log_unavailable(method, &"no time left for the call"));
        }
        let mut request = Request::new(message);
        request.set_timeout(remaining);
        match tokio::time::timeout_at(self.instant, call(request)).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(classify(method, &status)),
            Err(_) => Err(log_unavailable(
                method,
                &"no answer before the deadline of the page",
            )),
        }
    }
}

fn classify(method: &'static str, status: &Status) -> Failure {
    match status.code() {
        Code::NotFound => Failure::NotFound,
        Code::InvalidArgument => {
            tracing::debug!(method, message = status.message(), "refused");
            Failure::InvalidArgument
        }
        _ => log_unavailable(method, status),
    }
}

fn log_unavailable(method: &'static str, cause: &dyn fmt::Display) -> Failure {
    tracing::warn!(method, %cause, "call failed; its data is left out of the page");
    Failure::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn call_that_ignores_its_deadline_is_abandoned() {
        let deadline = Deadline::after(Duration::from_millis(300));
        let started = Instant::now();
        let answer: Result<(), _> = deadline.call("Test", (), |_| std::future::pending()).await;
        assert_eq!(answer, Err(Failure::Unavailable));
        assert_eq!(started.elapsed(), Duration::from_millis(300));
    }

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

    #[tokio::test(start_paused = true)]
    async fn no_call_is_made_after_the_deadline() {
        let deadline = Deadline::after(Duration::ZERO);
        let answer: Result<(), _> = deadline
            .call("Test", (), async |_| panic!("must not be called"))
            .await;
        assert_eq!(answer, Err(Failure::Unavailable));
    }
}
