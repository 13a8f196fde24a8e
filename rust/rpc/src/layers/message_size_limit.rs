//! Message size: refuses a request message that says it is longer than the limit
//! with RESOURCE_EXHAUSTED, before its bytes are kept.
//!
//! Reads the five bytes in front of every message of the request, and nothing else.
//! Generated servers have a limit of 4 MiB of their own, but answer OUT_OF_RANGE,
//! where the rest of the gRPC world says RESOURCE_EXHAUSTED. Responses are not
//! limited: the contract bounds them.
//!
//! It also mends how tonic reads a request whose caller has cancelled: as a stream
//! that came to its end, so that a handler would take half an import for all of it.
//! Here it ends with ABORTED.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Code, Status, body::Body};
use tower::Service;

use crate::failure;

/// The layer around `S`; see the [module](self).
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
        let frames = FrameParser::new(self.limit);
        self.inner
            .call(request.map(|inner| LimitedBody { inner, frames }))
    }
}

pin_project! {
    /// The body of a request, whose messages are no longer than the limit.
    pub struct LimitedBody {
        #[pin]
        inner: Body,
        frames: FrameParser,
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
            Some(Ok(frame)) => match frame.data_ref().map(|data| this.frames.advance(data)) {
                Some(Err(length)) => Some(Err(too_large(length, this.frames.limit))),
                _ => Some(Ok(frame)),
            },
            Some(Err(status)) if status.code() == Code::Cancelled => {
                Some(Err(Status::aborted("the caller broke off the request")))
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

fn too_large(length: usize, limit: usize) -> Status {
    let message = format!("a message of {length} bytes is over the limit of {limit} bytes");
    failure(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", message)
        .with("limit_bytes", limit)
        .into_status()
}

/// Where a sequence of messages, each one byte, four bytes of length and the rest,
/// stands.
struct FrameParser {
    limit: usize,
    header: [u8; 5],
    header_read: usize,
    message_left: usize,
}

impl FrameParser {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            header: [0; 5],
            header_read: 0,
            message_left: 0,
        }
    }

    /// Goes over the next bytes; stops at a length over the limit.
    fn advance(&mut self, mut data: &[u8]) -> Result<(), usize> {
        while !data.is_empty() {
            if self.message_left > 0 {
                let skipped = self.message_left.min(data.len());
                self.message_left -= skipped;
                data = &data[skipped..];
                continue;
            }
            let read = data.len().min(self.header.len() - self.header_read);
            self.header[self.header_read..][..read].copy_from_slice(&data[..read]);
            self.header_read += read;
            data = &data[read..];
            if self.header_read == self.header.len() {
                let [_, length @ ..] = self.header;
                self.message_left = u32::from_be_bytes(length) as usize;
                self.header_read = 0;
                if self.message_left > self.limit {
                    return Err(self.message_left);
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
        fn the_longest_message_decides_however_it_is_cut(
            lengths in prop::collection::vec(0_usize..64, 0..6),
            piece in 1_usize..20,
            limit in 0_usize..64,
        ) {
            let mut frames = FrameParser::new(limit);
            let bytes = encode(&lengths);
            let outcome = bytes.chunks(piece).try_for_each(|piece| frames.advance(piece));
            let expected = lengths.iter().find(|&&length| length > limit);
            prop_assert_eq!(outcome.err(), expected.copied());
        }
    }
}
