//! The body of a request as it arrives from the connection.
//!
//! A request that is refused by its headers is answered before its body has arrived. Over HTTP/1
//! hyper then closes the connection, and a client that is still writing loses the answer: the
//! operating system resets a connection that is closed with unread data. So what is left of a short
//! body is read and thrown away, and the connection stays open. Longer ones still close it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Version, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{runtime::Handle, time::timeout};

/// How much is read of a body that nobody wants. More closes the connection, which costs its client
/// the next request if it has begun already.
const MAX_DRAINED_BYTES: u64 = 1024 * 1024;

/// How long the rest of a body may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The body of a request; see the [module](self).
#[derive(Debug)]
pub struct IncomingBody {
    /// `None` when it has ended.
    inner: Option<Incoming>,
    /// Whether the rest is read when the body is dropped.
    drains: bool,
}

impl IncomingBody {
    /// Takes the body of a request that a connection has received.
    pub(super) fn of(request: Request<Incoming>) -> Request<Self> {
        let is_http1 = request.version() < Version::HTTP_2;
        // A client that waits for "100 Continue" sends no body after another answer.
        let drains = is_http1 && !request.headers().contains_key(header::EXPECT);
        request.map(|inner| Self {
            inner: Some(inner),
            drains,
        })
    }
}

impl http_body::Body for IncomingBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(inner).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.inner = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.as_ref().map(Incoming::size_hint);
        inner.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl Drop for IncomingBody {
    fn drop(&mut self) {
        let is_short = self.size_hint().lower() <= MAX_DRAINED_BYTES;
        if self.drains
            && is_short
            && !self.is_end_stream()
            && let Some(rest) = self.inner.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout(DRAIN_TIMEOUT, drain(rest)));
        }
    }
}

/// Reads a body up to its end, an error or the limit.
async fn drain(mut body: Incoming) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, |data| data.len() as u64);
        if drained > MAX_DRAINED_BYTES {
            return;
        }
    }
}
