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
        // How many frames of the body were passed on, up to [`UNARY_FRAMES`].
        frames: u8,
    }
}

/// A unary response has a message and trailers.
const UNARY_FRAMES: u8 = 2;

impl<T> Abortable<T> {
    pub(crate) fn new(inner: T, abort_signal: Option<AbortSignal>) -> Self {
        let inner = Some(inner);
        Self {
            inner,
            abort_signal,
            frames: 0,
        }
    }
}

/// An empty body, for calls that are refused before they have one.
impl<T> Default for Abortable<T> {
    fn default() -> Self {
        Self {
            inner: None,
            abort_signal: None,
            frames: 0,
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
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        // A stream that always has another frame must end as well. In a unary response
        // the signal is polled only while nothing is ready, because the first poll of a
        // timer registers it with the runtime, which threads do one after the other.
        let is_stream = *this.frames >= UNARY_FRAMES;
        if is_stream && let Poll::Ready(status) = poll_abort(this.abort_signal, context) {
            return abort(this.inner, this.abort_signal, &status);
        }
        if let Poll::Ready(frame) = inner.poll_frame(context) {
            *this.frames = UNARY_FRAMES.min(*this.frames + 1);
            return Poll::Ready(frame);
        }
        let status = ready!(poll_abort(this.abort_signal, context));
        abort(this.inner, this.abort_signal, &status)
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

/// Drops the body and ends the response with a status.
fn abort<T>(
    mut body: Pin<&mut Option<T>>,
    abort_signal: &mut Option<AbortSignal>,
    status: &Status,
) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
    body.set(None);
    abort_signal.take();
    Poll::Ready(Some(Ok(Frame::trailers(trailers(status)))))
}

/// The trailers that end a response whose headers have been sent.
pub(crate) fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    // Fails only if the message is no valid header value, after the code was added.
    let _ = status.add_header(&mut trailers);
    trailers
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    fn abortable(
        frames: impl IntoIterator<Item = &'static str>,
        abort_signal: AbortSignal,
    ) -> impl http_body::Body<Data = Bytes, Error = Status> + Unpin {
        let frames = frames
            .into_iter()
            .map(|data| Ok(Frame::data(Bytes::from_static(data.as_bytes()))))
            .collect::<Vec<_>>();
        let body = StreamBody::new(stream::iter(frames));
        Box::pin(Abortable::new(body, Some(abort_signal)))
    }

    #[tokio::test]
    async fn unary_response_needs_no_timer() {
        let timer = Box::pin(std::future::poll_fn(|_| panic!("the timer is registered")));
        let mut body = abortable(["message", "trailers"], timer);
        for _ in 0..2 {
            body.frame().await.expect("a frame").expect("no failure");
        }
    }

    #[tokio::test]
    async fn stream_that_always_has_a_frame_is_aborted() {
        let expired = std::future::ready(Status::deadline_exceeded("too late"));
        let body = abortable(["frame"; 1000], Box::pin(expired));
        let collected = body.collect().await.expect("no failure");
        let trailers = collected.trailers().expect("the status");
        assert_eq!(trailers["grpc-status"], "4");
        assert_eq!(collected.to_bytes().len(), "frame".len() * 2);
    }
}
