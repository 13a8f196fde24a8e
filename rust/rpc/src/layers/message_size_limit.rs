//! Message size limit: refuses a request message whose length prefix is over the limit
//! with RESOURCE_EXHAUSTED, before its bytes are buffered.
//!
//! It parses only the five bytes before each message of the request. Generated servers
//! have a limit of 4 MiB themselves, but return OUT_OF_RANGE, where other gRPC
//! implementations return RESOURCE_EXHAUSTED. Responses are not limited here, because
//! the contract bounds them.
//!
//! It also corrects how tonic reads a request that the client has cancelled: as a stream
//! that has ended normally, so that a handler would take half of an import for a whole
//! one. With this layer such a stream fails, and the call counts as CANCELLED.
//!
//! It limits how long the handler waits for a client: within a message by
//! [`Options::receive_timeout`](crate::Options::receive_timeout), between the messages
//! of a client stream by
//! [`Options::max_message_interval`](crate::Options::max_message_interval).

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use contract::errors::shared as errors;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::frame_parser::FrameParser;
use crate::{CallContext, failure};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct MessageSizeLimit<S> {
    inner: S,
    limits: BodyLimits,
}

/// The limits of a request body.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimits {
    /// The length of each message, in bytes.
    pub message_bytes: usize,
    /// The longest pause within a message.
    pub receive_timeout: Duration,
    /// The longest pause between two messages of a client stream.
    pub message_interval: Duration,
}

impl<S> MessageSizeLimit<S> {
    pub(crate) fn new(inner: S, limits: BodyLimits) -> Self {
        Self { inner, limits }
    }
}

impl<S, B> Service<Request<Body>> for MessageSizeLimit<S>
where
    S: Service<Request<LimitedBody>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let limits = self.limits;
        let call = request.extensions().get::<Arc<CallContext>>().cloned();
        self.inner.call(request.map(|inner| LimitedBody {
            inner,
            parser: FrameParser::new(limits.message_bytes),
            pause: None,
            limits,
            call,
        }))
    }
}

pin_project! {
    /// The body of a request. It fails at the first message over the limit.
    pub struct LimitedBody {
        #[pin]
        inner: Body,
        parser: FrameParser,
        // Ends the current pause, while the client sends nothing.
        pause: Option<Pin<Box<Sleep>>>,
        limits: BodyLimits,
        call: Option<Arc<CallContext>>,
    }
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let Poll::Ready(frame) = this.inner.poll_frame(context) else {
            let bidirectional = this
                .call
                .as_ref()
                .is_some_and(|call| call.method_info().is_bidirectional());
            let limit = if this.parser.is_inside_message() {
                this.limits.receive_timeout
            } else if bidirectional {
                // Its client may wait for the server.
                return Poll::Pending;
            } else {
                this.limits.message_interval
            };
            let pause = this
                .pause
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            ready!(pause.as_mut().poll(context));
            return Poll::Ready(Some(Err(Status::deadline_exceeded(format!(
                "the client sent nothing for {limit:?}"
            )))));
        };
        *this.pause = None;
        Poll::Ready(match frame {
            Some(Ok(frame)) => match frame.data_ref().map(|data| this.parser.advance(data)) {
                Some(Err(length)) => Some(Err(message_too_large(length, this.parser.limit()))),
                _ => Some(Ok(frame)),
            },
            Some(Err(status)) if status.code() == Code::Cancelled => {
                if let Some(call) = this.call {
                    call.set_cancelled();
                }
                // Not CANCELLED, which tonic would take for the end of the stream.
                Some(Err(Status::aborted("the client cancelled the request")))
            }
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn message_too_large(length: usize, limit: usize) -> Status {
    let message = format!("a message of {length} bytes is over the limit of {limit} bytes");
    failure(errors::MESSAGE_TOO_LARGE, message)
        .with("limit_bytes", limit)
        .into_status()
}
