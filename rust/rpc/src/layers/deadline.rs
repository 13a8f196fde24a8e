//! Deadline: a call ends with DEADLINE_EXCEEDED when the `grpc-timeout` of its
//! caller has passed, and what its handler was doing is dropped.
//!
//! Counted from when the headers arrived, to the end of the response; an answer
//! that is ready at the very end is still given. A handler that never awaits can't
//! be stopped, and neither can what it has spawned. Without a `grpc-timeout` there
//! is no deadline. A malformed one is refused with INVALID_ARGUMENT.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::Service;

use super::{cut::Cut, refuse::Answer};
use crate::CallContext;

/// The layer around `S`; see the [module](self).
#[derive(Clone)]
pub struct Deadline<S> {
    inner: S,
}

impl<S> Deadline<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Cut<B>>;
    type Error = Infallible;
    type Future = Answer<Cut<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<CallContext>>();
        if let Some(Err(malformed)) = call.map(|call| call.timeout()) {
            return Answer::refused(Status::invalid_argument(malformed.to_string()));
        }
        let deadline = call.and_then(|call| call.deadline());
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Answer::refused(exceeded());
        }
        let knife = deadline.map(|deadline| {
            let passed = tokio::time::sleep_until(deadline);
            Box::pin(async move {
                passed.await;
                exceeded()
            }) as _
        });
        Answer::Inner {
            inner: Cut::new(self.inner.call(request), knife),
        }
    }
}

fn exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}
