//! The body of a unary request: one message in any codec becomes one frame of gRPC.
//!
//! It is translated when a layer reads it, so calls that are refused by their headers cost no
//! more than with gRPC, and all layers see a message that cannot be read as a failed call.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use prost_reflect::MessageDescriptor;
use tonic::{Status, body::Body};

use super::{
    compression::{Compression, too_large},
    envelope, json,
    large_messages::{LargeMessages, Permit, SMALL_MESSAGE},
    media_type::Codec,
    rest::RestRequest,
};

/// How the messages of a request are translated.
#[derive(Clone)]
pub(super) struct RequestFormat {
    pub codec: Codec,
    pub compression: Compression,
    /// Where the fields are, besides the body.
    pub rest: Option<RestRequest>,
    /// `None` for a method that does not exist, which the layers refuse.
    pub message: Option<MessageDescriptor>,
    /// The largest message, in bytes, before and after it is decompressed.
    pub limit: usize,
    pub large: LargeMessages,
}

impl RequestFormat {
    /// Checks the length of a message that is received, and acquires a permit if it is large. It has
    /// the permit until `permit` is `None` again.
    pub(super) fn admit(&self, length: usize, permit: &mut Option<Permit>) -> Result<(), Status> {
        if length > self.limit {
            return Err(too_large(self.limit));
        }
        if length > SMALL_MESSAGE && permit.is_none() {
            *permit = Some(self.large.acquire()?);
        }
        Ok(())
    }

    /// The message as a frame of gRPC.
    pub(super) fn to_frame(
        &self,
        compression: Compression,
        message: Bytes,
    ) -> Result<Bytes, Status> {
        let message = compression.decompress(message, self.limit)?;
        let message = match (self.codec, &self.message, &self.rest) {
            (Codec::Json, Some(descriptor), Some(rest)) => {
                let json = rest.to_json(descriptor, &message)?;
                json::value_to_proto(descriptor, json)?
            }
            (Codec::Json, Some(descriptor), None) => json::to_proto(descriptor, &message)?,
            (Codec::Json, None, _) => Bytes::new(),
            (Codec::Proto, ..) => message,
        };
        if message.len() > self.limit {
            return Err(too_large(self.limit));
        }
        Ok(envelope::write(0, &message))
    }
}

/// The body; it has one frame.
pub(super) struct UnaryRequestBody {
    inner: Body,
    received: BytesMut,
    permit: Option<Permit>,
    /// `None` when the message has been translated, or has failed.
    format: Option<RequestFormat>,
}

impl UnaryRequestBody {
    pub(super) fn new(inner: Body, format: RequestFormat) -> Self {
        Self {
            inner,
            received: BytesMut::new(),
            permit: None,
            format: Some(format),
        }
    }

    fn receive(&mut self, data: &[u8]) -> Result<(), Status> {
        let Some(format) = &self.format else {
            return Ok(());
        };
        format.admit(self.received.len() + data.len(), &mut self.permit)?;
        self.received.extend_from_slice(data);
        Ok(())
    }

    fn translate(&mut self) -> Option<Result<Bytes, Status>> {
        let message = std::mem::take(&mut self.received).freeze();
        let format = self.format.take()?;
        let frame = format.to_frame(format.compression, message);
        self.permit = None;
        Some(frame)
    }
}

impl http_body::Body for UnaryRequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        while this.format.is_some() {
            let received = match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                None => {
                    let frame = this.translate();
                    return Poll::Ready(frame.map(|frame| frame.map(Frame::data)));
                }
                Some(Ok(frame)) => match frame.data_ref() {
                    Some(data) => this.receive(data),
                    None => Ok(()),
                },
                Some(Err(status)) => Err(status),
            };
            if let Err(status) = received {
                this.format = None;
                return Poll::Ready(Some(Err(status)));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.format.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
