//! Panic isolation: a panic in a handler fails only its own call, with INTERNAL.
//!
//! It covers the handler and its response stream. It does not cover a task that the
//! handler has spawned (whose panic ends only that task), a panic during a panic, and
//! builds with `panic = "abort"`. Shared state that the handler was changing may be left
//! inconsistent; the handler has to deal with poisoned locks.

use std::{
    any::Any,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tower::Service;

use super::abort::trailers;
use crate::CallContext;

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<Body>> for CatchPanic<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<PanicGuard<B>>;
    type Error = Infallible;
    type Future = PanicGuard<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        let (inner, panicked) = match inner {
            Ok(inner) => (Some(inner), None),
            Err(panic) => (None, Some(log_panic(&*panic))),
        };
        PanicGuard { inner, panicked }
    }
}

pin_project! {
    /// A future, and then the body of its response, whose panics are caught.
    pub struct PanicGuard<T> {
        #[pin]
        inner: Option<T>,
        panicked: Option<Status>,
    }
}

impl<F, B> Future for PanicGuard<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<PanicGuard<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(status) = this.panicked.take() {
            return Poll::Ready(Ok(status.into_http()));
        }
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(poll) => poll.map_ok(|response| {
                response.map(|body| PanicGuard {
                    inner: Some(body),
                    panicked: None,
                })
            }),
            Err(panic) => {
                drop_ignoring_panic(this.inner);
                Poll::Ready(Ok(log_panic(&*panic).into_http()))
            }
        }
    }
}

/// An empty body, for calls that fail before they have one.
impl<T> Default for PanicGuard<T> {
    fn default() -> Self {
        Self {
            inner: None,
            panicked: None,
        }
    }
}

impl<B> http_body::Body for PanicGuard<B>
where
    B: http_body::Body<Data = Bytes, Error = Status>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        match catch_unwind(AssertUnwindSafe(|| inner.poll_frame(context))) {
            Ok(frame) => frame,
            Err(panic) => {
                drop_ignoring_panic(this.inner);
                let status = log_panic(&*panic);
                Poll::Ready(Some(Ok(Frame::trailers(trailers(&status)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.as_ref();
        inner.map_or_else(|| SizeHint::with_exact(0), B::size_hint)
    }
}

/// Drops a future or body that has panicked, which may panic again.
fn drop_ignoring_panic<T>(mut inner: Pin<&mut Option<T>>) {
    let _ = catch_unwind(AssertUnwindSafe(|| inner.set(None)));
}

fn log_panic(panic: &(dyn Any + Send)) -> Status {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let call = CallContext::current();
    tracing::error!(
        request_id = call.as_ref().map(|call| call.request_id()),
        method = call.as_ref().map(|call| call.method()),
        panic = message.unwrap_or("not a string"),
        "handler panicked"
    );
    Status::internal("internal error")
}
