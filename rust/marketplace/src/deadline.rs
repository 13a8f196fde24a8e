//! How long a page may wait.

use std::{fmt, time::Duration};

use tokio::time::Instant;
use tonic::{Code, Request, Response, Status};

/// Until when the calls of one page may last. Every call gets what is left, both as
/// its gRPC deadline and as a timer of our own: a service that does not heed
/// deadlines can't hold up the page either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    until: Instant,
}

/// Why an answer is missing from a page. The details are in the log only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service says that the thing does not exist.
    NotFound,
    /// The service does not accept the request.
    Refused,
    /// No answer, or an answer that the service is at fault for.
    Missing,
}

impl Deadline {
    /// A deadline that begins now.
    pub fn after(total: Duration) -> Self {
        Self {
            until: Instant::now() + total,
        }
    }

    /// A part of what is left, between 0 and 1: for a call that something else can
    /// stand in for if it takes too long.
    #[must_use]
    pub fn fraction(self, fraction: f32) -> Self {
        Self::after(self.remaining().mul_f32(fraction))
    }

    fn remaining(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Makes one call with what is left.
    pub async fn call<Q, A, F>(
        self,
        method: &'static str,
        message: Q,
        call: impl FnOnce(Request<Q>) -> F,
    ) -> Result<A, Failure>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let left = self.remaining();
        if left.is_zero() {
            return Err(missing(method, &"no time left to ask"));
        }
        let mut request = Request::new(message);
        request.set_timeout(left);
        match tokio::time::timeout_at(self.until, call(request)).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(judge(method, &status)),
            Err(_) => Err(missing(
                method,
                &"no answer within the deadline of the page",
            )),
        }
    }
}

fn judge(method: &'static str, status: &Status) -> Failure {
    match status.code() {
        Code::NotFound => Failure::NotFound,
        Code::InvalidArgument => {
            tracing::debug!(method, message = status.message(), "refused");
            Failure::InvalidArgument
        }
        _ => missing(method, status),
    }
}

fn missing(method: &'static str, cause: &dyn fmt::Display) -> Failure {
    tracing::warn!(method, %cause, "left out of the page");
    Failure::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_ignores_its_deadline_is_given_up() {
        let deadline = Deadline::after(Duration::from_millis(300));
        let started = Instant::now();
        let answer: Result<(), _> = deadline.call("Test", (), |_| std::future::pending()).await;
        assert_eq!(answer, Err(Failure::Unavailable));
        assert_eq!(started.elapsed(), Duration::from_millis(300));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_travels_with_the_call() {
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
    async fn without_time_left_nothing_is_asked() {
        let deadline = Deadline::after(Duration::ZERO);
        let answer: Result<(), _> = deadline
            .call("Test", (), async |_| panic!("must not be asked"))
            .await;
        assert_eq!(answer, Err(Failure::Unavailable));
    }
}
