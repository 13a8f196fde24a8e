//! Deadline: ends a call with DEADLINE_EXCEEDED and drops its handler when the client's
//! `grpc-timeout` has passed.
//!
//! The time runs from the arrival of the headers to the end of the response. A response
//! that is ready when the deadline passes is still sent. A handler that never awaits
//! can't be stopped, and neither can tasks that it has spawned.
//!
//! A unary call without a `grpc-timeout`, or with a longer one, ends after
//! [`Options::max_call_duration`](crate::Options::max_call_duration). Streams have only
//! the deadline of their client. A malformed one is refused with INVALID_ARGUMENT.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::Service;

use super::{abort::Abortable, response_future::ResponseFuture};
use crate::CallContext;

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct Deadline<S> {
    inner: S,
    max_call_duration: Duration,
}

impl<S> Deadline<S> {
    pub(crate) fn new(inner: S, max_call_duration: Duration) -> Self {
        Self {
            inner,
            max_call_duration,
        }
    }

    /// The earlier of the client's deadline and the server's.
    fn deadline(&self, call: &CallContext) -> Option<Instant> {
        let own = call.method_info().is_unary();
        let own = own.then(|| call.started() + self.max_call_duration);
        call.deadline().into_iter().chain(own).min()
    }
}

impl<S, B> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Abortable<B>>;
    type Error = Infallible;
    type Future = ResponseFuture<Abortable<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<CallContext>>();
        if let Some(Err(malformed)) = call.map(|call| call.timeout()) {
            return ResponseFuture::refused(Status::invalid_argument(malformed.to_string()));
        }
        let deadline = call.and_then(|call| self.deadline(call));
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return ResponseFuture::refused(deadline_exceeded());
        }
        let abort_signal = deadline.map(|deadline| {
            let timer = tokio::time::sleep_until(deadline);
            Box::pin(async move {
                timer.await;
                deadline_exceeded()
            }) as _
        });
        ResponseFuture::Inner {
            inner: Abortable::new(self.inner.call(request), abort_signal),
        }
    }
}

fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}
