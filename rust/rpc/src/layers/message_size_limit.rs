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
//! one. With this layer such a stream fails with ABORTED.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use contract::errors::shared as errors;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Code, Status, body::Body};
use tower::Service;

use crate::failure;

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct MessageSizeLimit<S> {
    inner: S,
    limit: usize,
}

impl<S> MessageSizeLimit<S> {
    pub(crate) fn new(inner: S, limit: usize) -> Self {
        Self { inner, limit }
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
        let parser = FrameParser::new(self.limit);
        self.inner
            .call(request.map(|inner| LimitedBody { inner, parser }))
    }
}

pin_project! {
    /// The body of a request. It fails at the first message over the limit.
    pub struct LimitedBody {
        #[pin]
        inner: Body,
        parser: FrameParser,
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
        let frame = ready!(this.inner.poll_frame(context));
        Poll::Ready(match frame {
            Some(Ok(frame)) => match frame.data_ref().map(|data| this.parser.advance(data)) {
                Some(Err(length)) => Some(Err(message_too_large(length, this.parser.limit))),
                _ => Some(Ok(frame)),
            },
            Some(Err(status)) if status.code() == Code::Cancelled => {
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

/// Parses the length prefixes of a gRPC body. Each message is one byte of flags, four
/// bytes of length (big-endian) and that many bytes.
struct FrameParser {
    limit: usize,
    prefix: [u8; 5],
    prefix_read: usize,
    message_bytes_left: usize,
}

impl FrameParser {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            prefix: [0; 5],
            prefix_read: 0,
            message_bytes_left: 0,
        }
    }

    /// Consumes the next bytes of the body. Fails with the length of the first message
    /// over the limit.
    fn advance(&mut self, mut data: &[u8]) -> Result<(), usize> {
        while !data.is_empty() {
            if self.message_bytes_left > 0 {
                let skipped = self.message_bytes_left.min(data.len());
                self.message_bytes_left -= skipped;
                data = &data[skipped..];
                continue;
            }
            let read = data.len().min(self.prefix.len() - self.prefix_read);
            self.prefix[self.prefix_read..][..read].copy_from_slice(&data[..read]);
            self.prefix_read += read;
            data = &data[read..];
            if self.prefix_read == self.prefix.len() {
                let [_, length @ ..] = self.prefix;
                self.message_bytes_left = u32::from_be_bytes(length) as usize;
                self.prefix_read = 0;
                if self.message_bytes_left > self.limit {
                    return Err(self.message_bytes_left);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(lengths: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &length in lengths {
            bytes.push(0);
            bytes.extend(u32::try_from(length).expect("small").to_be_bytes());
            bytes.extend(vec![0xff; length]);
        }
        bytes
    }

    proptest! {
        #[test]
        fn first_message_over_the_limit_is_found_in_any_chunking(
            lengths in prop::collection::vec(0_usize..64, 0..6),
            chunk_size in 1_usize..20,
            limit in 0_usize..64,
        ) {
            let mut parser = FrameParser::new(limit);
            let bytes = encode(&lengths);
            let outcome = bytes.chunks(chunk_size).try_for_each(|chunk| parser.advance(chunk));
            let expected = lengths.iter().find(|&&length| length > limit);
            prop_assert_eq!(outcome.err(), expected.copied());
        }
    }
}
