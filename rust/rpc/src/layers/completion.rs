//! Observes how a call ended: by its headers, by its trailers, or because it was dropped.

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

/// A callback for the end of a call.
pub trait OnCompletion {
    /// Called once, when the whole response has been handed over for sending or the
    /// client has cancelled the call (CANCELLED).
    fn on_completion(&self, code: Code);
}

/// Reports CANCELLED when it is dropped before the call has completed.
struct CompletionGuard<O: OnCompletion>(Option<O>);

/// Runs a call and reports how it ended, or that it was cancelled.
pub(crate) async fn observe<B, O: OnCompletion>(
    call: impl Future<Output = Result<Response<B>, Status>>,
    observer: O,
) -> Result<Response<CompletionObserver<B, O>>, Status> {
    let mut guard = CompletionGuard(Some(observer));
    match call.await {
        Ok(response) => {
            if let Some(code) = grpc_status(response.headers()) {
                guard.complete(code);
            }
            Ok(response.map(|inner| CompletionObserver { inner, guard }))
        }
        Err(status) => {
            guard.complete(status.code());
            Err(status)
        }
    }
}

impl<O: OnCompletion> CompletionGuard<O> {
    fn complete(&mut self, code: Code) {
        if let Some(observer) = self.0.take() {
            observer.on_completion(code);
        }
    }
}

impl<O: OnCompletion> Drop for CompletionGuard<O> {
    fn drop(&mut self) {
        self.complete(Code::Cancelled);
    }
}

pin_project! {
    /// A future, and then the body of its response, whose end is reported.
    pub struct CompletionObserver<T, O: OnCompletion> {
        #[pin]
        inner: T,
        guard: CompletionGuard<O>,
    }
}

impl<T: Default, O: OnCompletion + Default> Default for CompletionObserver<T, O> {
    fn default() -> Self {
        Self::new(T::default(), O::default())
    }
}

impl<T, O: OnCompletion> CompletionObserver<T, O> {
    pub(crate) fn new(inner: T, observer: O) -> Self {
        let guard = CompletionGuard(Some(observer));
        Self { inner, guard }
    }
}

impl<F, B, O: OnCompletion> Future for CompletionObserver<F, O>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<CompletionObserver<B, O>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match ready!(this.inner.poll(context)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if let Some(code) = grpc_status(response.headers()) {
            this.guard.complete(code);
        }
        let guard = CompletionGuard(this.guard.0.take());
        Poll::Ready(Ok(response.map(|inner| CompletionObserver { inner, guard })))
    }
}

impl<B, O: OnCompletion> http_body::Body for CompletionObserver<B, O>
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
                if let Some(code) = frame.trailers_ref().and_then(grpc_status) {
                    this.guard.complete(code);
                }
            }
            Some(Err(status)) => this.guard.complete(status.code()),
            // The body ended without trailers, which clients treat as UNKNOWN too.
            None => this.guard.complete(Code::Unknown),
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

fn grpc_status(headers: &HeaderMap) -> Option<Code> {
    static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
    let value = headers.get(&GRPC_STATUS)?;
    Some(Code::from_bytes(value.as_bytes()))
}
