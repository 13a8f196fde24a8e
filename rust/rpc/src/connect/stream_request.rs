//! The body of a streaming request: each message of Connect becomes one of gRPC.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::Frame;
use tonic::{Status, body::Body};

use super::{
    compression::Compression,
    envelope::{COMPRESSED, Envelope, EnvelopeParser},
    large_messages::Permit,
    unary_request::RequestFormat,
};

/// The body; each of its frames is one message.
pub(super) struct StreamRequestBody {
    inner: Body,
    /// How many messages the request must have; `None` for any number.
    expected: Option<u32>,
    received: u32,
    parser: EnvelopeParser,
    permit: Option<Permit>,
    format: RequestFormat,
    ended: bool,
}

impl StreamRequestBody {
    /// `client_streams`: whether the request may have any number of messages, and not only one.
    pub(super) fn new(inner: Body, format: RequestFormat, client_streams: bool) -> Self {
        Self {
            inner,
            expected: (!client_streams).then_some(1),
            received: 0,
            parser: EnvelopeParser::default(),
            permit: None,
            format,
            ended: false,
        }
    }

    /// The next message that has arrived, if there is one.
    fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(length) = self.parser.next_length() else {
            return Ok(None);
        };
        self.format.admit(length, &mut self.permit)?;
        let Some(envelope) = self.parser.next() else {
            return Ok(None);
        };
        self.received += 1;
        if self
            .expected
            .is_some_and(|expected| self.received > expected)
        {
            return Err(not_one_message());
        }
        let frame = self.translate(envelope);
        self.permit = None;
        frame.map(Some)
    }

    fn translate(&self, envelope: Envelope) -> Result<Bytes, Status> {
        let compression = match envelope.flags {
            0 => Compression::Identity,
            COMPRESSED if self.format.compression == Compression::Identity => {
                return Err(Status::internal(
                    "a message is compressed, and connect-content-encoding does not say how",
                ));
            }
            COMPRESSED => self.format.compression,
            flags => {
                return Err(Status::invalid_argument(format!(
                    "a message of the request has the unknown flags {flags}"
                )));
            }
        };
        self.format.to_frame(compression, envelope.message)
    }
}

/// gRPC has this code for a call with the wrong number of messages.
fn not_one_message() -> Status {
    Status::unimplemented("the method takes exactly one message")
}

impl http_body::Body for StreamRequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        while !this.ended {
            match this.next_message() {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(Frame::data(frame)))),
                Ok(None) => {}
                Err(status) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(status)));
                }
            }
            match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        this.parser.extend(data);
                    }
                }
                Some(Err(status)) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(status)));
                }
                None => {
                    this.ended = true;
                    if this.parser.is_inside_message() {
                        let status = Status::invalid_argument("the request ends within a message");
                        return Poll::Ready(Some(Err(status)));
                    }
                    if this
                        .expected
                        .is_some_and(|expected| this.received < expected)
                    {
                        return Poll::Ready(Some(Err(not_one_message())));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
