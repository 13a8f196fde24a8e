//! Reads the messages of a call from its body.

use bytes::{Buf, Bytes, BytesMut};
use h2::RecvStream;
use http::HeaderMap;

use super::status::{CANCELLED, INTERNAL, RESOURCE_EXHAUSTED, Status, UNIMPLEMENTED};

/// The greatest size of a message, as in other implementations of gRPC.
const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// The greatest number of messages of a client stream that is answered at its end.
const MAX_MESSAGES: usize = 10_000;

/// The size of a frame header: a flag and the length.
const HEADER: usize = 5;

/// The messages of a call.
pub(super) struct Body {
    stream: RecvStream,
    buffer: BytesMut,
    /// Whether the call names an encoding of messages.
    has_encoding: bool,
}

impl Body {
    pub(super) fn new(headers: &HeaderMap, stream: RecvStream) -> Self {
        let encoding = headers.get("grpc-encoding");
        Self {
            stream,
            buffer: BytesMut::new(),
            has_encoding: encoding.is_some_and(|encoding| encoding != "identity"),
        }
    }

    /// The next message; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(Some(message));
            }
            match self.stream.data().await {
                Some(Ok(data)) => {
                    // Fails only for a stream that has ended.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    self.buffer.extend_from_slice(&data);
                }
                Some(Err(error)) => return Err(Status::new(CANCELLED, error.to_string())),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(Status::new(INTERNAL, "the stream ends within a message")),
            }
        }
    }

    /// All messages up to the end of the stream.
    pub(super) async fn all(&mut self) -> Result<Vec<Bytes>, Status> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await? {
            if messages.len() == MAX_MESSAGES {
                let message = format!("more than {MAX_MESSAGES} messages");
                return Err(Status::new(RESOURCE_EXHAUSTED, message));
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// The first message in the buffer if it is complete.
    fn buffered(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(mut header) = self.buffer.get(..HEADER) else {
            return Ok(None);
        };
        match header.get_u8() {
            0 => {}
            1 if self.has_encoding => {
                return Err(Status::new(
                    UNIMPLEMENTED,
                    "compressed messages are not supported",
                ));
            }
            1 => {
                let message = "a compressed message in a call without grpc-encoding";
                return Err(Status::new(INTERNAL, message));
            }
            flag => {
                let message = format!("the flag of a message is {flag}");
                return Err(Status::new(INTERNAL, message));
            }
        }
        let length = usize::try_from(header.get_u32()).unwrap_or(usize::MAX);
        if length > MAX_MESSAGE_BYTES {
            let message = format!("a message of {length} bytes; the limit is {MAX_MESSAGE_BYTES}");
            return Err(Status::new(RESOURCE_EXHAUSTED, message));
        }
        if self.buffer.len() < HEADER + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}
