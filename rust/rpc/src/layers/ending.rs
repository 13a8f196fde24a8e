//! Learns how a call ended: by its headers, by its trailers, or by being dropped.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Code, Status};

/// What is told, once, how a call ended.
pub trait Ending {
    /// The call is over: all of its response is on its way, or its caller has gone
    /// (CANCELLED).
    fn ended(&self, code: Code);
}

/// Tells CANCELLED when it is dropped before the end.
struct Guard<E: Ending>(Option<E>);

impl<E: Ending> Guard<E> {
    fn end(&mut self, code: Code) {
        if let Some(ending) = self.0.take() {
            ending.ended(code);
        }
    }
}

impl<E: Ending> Drop for Guard<E> {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

pin_project! {
    /// A future, and then the body of its response, whose end is told.
    pub struct Ended<T, E: Ending> {
        #[pin]
        inner: T,
        guard: Guard<E>,
    }
}

impl<T, E: Ending> Ended<T, E> {
    pub(crate) fn new(inner: T, ending: E) -> Self {
        let guard = Guard(Some(ending));
        Self { inner, guard }
    }
}

impl<F, B, E: Ending> Future for Ended<F, E>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Ended<B, E>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match ready!(this.inner.poll(context)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if let Some(code) = code(response.headers()) {
            this.guard.end(code);
        }
        let guard = Guard(this.guard.0.take());
        Poll::Ready(Ok(response.map(|inner| Ended { inner, guard })))
    }
}

impl<B, E: Ending> http_body::Body for Ended<B, E>
where
    B: http_body::Body<Data = Bytes, Error = Status>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code) {
                    this.guard.end(code);
                }
            }
            Some(Err(status)) => this.guard.end(status.code()),
            // Without trailers, which is what a client makes of it too.
            None => this.guard.end(Code::Unknown),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
    let value = headers.get(&GRPC_STATUS)?;
    Some(Code::from_bytes(value.as_bytes()))
}
