//! The body of an HTTP request, whose time is limited.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::accept::IncomingBody;

/// Why a body was not received.
#[derive(Debug, thiserror::Error)]
pub enum RequestBodyError {
    /// The connection is lost, or the client has broken the protocol.
    #[error(transparent)]
    Receive(#[from] hyper::Error),
    /// A client that sends a byte now and then would keep its handler waiting for ever.
    #[error("the request did not arrive within {0:?}")]
    TooSlow(Duration),
}

/// The body of a request to [`serve_http`](crate::serve_http). All of it has to arrive within
/// [`Options::request_body_timeout`](crate::Options::request_body_timeout).
#[derive(Debug)]
pub struct RequestBody<B = IncomingBody> {
    inner: B,
    timeout: Duration,
    /// Begins when the handler waits for the first time: most requests have no body.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, timeout: Duration) -> Self {
        Self {
            inner,
            timeout,
            timer: None,
        }
    }
}

impl<B> http_body::Body for RequestBody<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    RequestBodyError: From<B::Error>,
{
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| Ok(frame?)));
        }
        let timeout = this.timeout;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        let late = timer.as_mut().poll(context);
        late.map(|()| Some(Err(RequestBodyError::TooSlow(timeout))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    impl From<Infallible> for RequestBodyError {
        fn from(never: Infallible) -> Self {
            match never {}
        }
    }

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// Receives a body that consists of so many parts, one each second.
    async fn receive(parts: u64) -> Result<usize, RequestBodyError> {
        let parts = stream::iter(0..parts);
        let body = StreamBody::new(Box::pin(futures::StreamExt::then(parts, async |_| {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x")))
        })));
        let received = RequestBody::new(body, TIMEOUT).collect().await?;
        Ok(received.to_bytes().len())
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_never_pauses_for_long_but_never_ends_is_too_slow() {
        assert_eq!(receive(19).await.expect("in time"), 19);
        let error = receive(u64::MAX).await.expect_err("it is too slow");
        assert_eq!(error.to_string(), "the request did not arrive within 20s");
    }
}
