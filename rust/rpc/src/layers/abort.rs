//! Aborts a call with the status of a second future, the [`AbortSignal`].

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;

/// Completes when the call must end, with the status of the call.
pub(crate) type AbortSignal = Pin<Box<dyn Future<Output = Status> + Send>>;

pin_project! {
    /// A future, and then the body of its response, which end when the abort signal
    /// completes. The inner future or body is dropped then.
    pub struct Abortable<T> {
        #[pin]
        inner: Option<T>,
        abort_signal: Option<AbortSignal>,
    }
}

impl<T> Abortable<T> {
    pub(crate) fn new(inner: T, abort_signal: Option<AbortSignal>) -> Self {
        let inner = Some(inner);
        Self {
            inner,
            abort_signal,
        }
    }
}

/// An empty body, for calls that are refused before they have one.
impl<T> Default for Abortable<T> {
    fn default() -> Self {
        Self {
            inner: None,
            abort_signal: None,
        }
    }
}

fn poll_abort(abort_signal: &mut Option<AbortSignal>, context: &mut Context<'_>) -> Poll<Status> {
    match abort_signal {
        Some(abort_signal) => abort_signal.as_mut().poll(context),
        None => Poll::Pending,
    }
}

impl<F, B> Future for Abortable<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Abortable<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // The inner future first: a response that is ready wins over the signal.
        if let Some(inner) = this.inner.as_mut().as_pin_mut()
            && let Poll::Ready(Ok(response)) = inner.poll(context)
        {
            let abort_signal = this.abort_signal.take();
            return Poll::Ready(Ok(response.map(|body| Abortable::new(body, abort_signal))));
        }
        let status = ready!(poll_abort(this.abort_signal, context));
        this.inner.set(None);
        this.abort_signal.take();
        Poll::Ready(Ok(status.into_http()))
    }
}

impl<B> http_body::Body for Abortable<B>
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
        // The signal first: a stream that always has another frame must end as well.
        if let Poll::Ready(status) = poll_abort(this.abort_signal, context) {
            this.inner.set(None);
            this.abort_signal.take();
            return Poll::Ready(Some(Ok(Frame::trailers(trailers(&status)))));
        }
        match this.inner.as_mut().as_pin_mut() {
            Some(inner) => inner.poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        // A body that may be aborted has no exact size.
        match (&self.inner, &self.abort_signal) {
            (Some(inner), None) => inner.size_hint(),
            (Some(_), Some(_)) => SizeHint::default(),
            (None, _) => SizeHint::with_exact(0),
        }
    }
}

/// The trailers that end a response whose headers have been sent.
pub(crate) fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    // Fails only if the message is no valid header value, after the code was added.
    let _ = status.add_header(&mut trailers);
    trailers
}
