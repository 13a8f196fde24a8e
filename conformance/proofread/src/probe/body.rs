//! Request bodies, and the gRPC framing of messages.

use std::io::Read;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use super::{ReadLimits, exchange::MAX_ANSWER_BYTES};
use crate::case::Payload;

/// The body of a call as bytes, and how to read the answer.
#[derive(Debug, Clone, Default)]
pub struct RawBody {
    /// The bytes: gRPC frames, or anything else.
    pub bytes: Bytes,
    /// Whether the stream is ended by RST_STREAM instead of END_STREAM.
    pub reset: bool,
    /// The size of the DATA frames in bytes; 0 for as few as possible.
    pub piece: usize,
    /// When to stop reading the answer; `None` to read it to its end.
    pub read_limits: Option<ReadLimits>,
}

impl RawBody {
    /// A body of arbitrary bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self {
            bytes: bytes.into(),
            ..Self::default()
        }
    }

    /// A body of well-formed frames.
    pub fn messages<'m, M: Message + 'm>(messages: impl IntoIterator<Item = &'m M>) -> Self {
        Self::new(frames(messages))
    }

    /// This body with limits for reading the answer.
    #[must_use]
    pub fn with_read_limits(mut self, limits: ReadLimits) -> Self {
        self.read_limits = Some(limits);
        self
    }
}

/// Encodes messages as gRPC frames: a flag byte, the length in four bytes, the message.
pub fn frames<'m, M: Message + 'm>(messages: impl IntoIterator<Item = &'m M>) -> Bytes {
    let mut bytes = BytesMut::new();
    for message in messages {
        bytes.put_u8(0);
        bytes.put_u32(frame_length(message.encoded_len()));
        // Can't fail: the buffer grows.
        let _ = message.encode(&mut bytes);
    }
    bytes.freeze()
}

/// The body of the call that a case sends.
pub fn request_body(send: &Payload) -> RawBody {
    match send {
        Payload::Messages(messages) => RawBody::messages(messages),
        Payload::Raw(call) => RawBody {
            bytes: Bytes::copy_from_slice(&call.body),
            reset: call.reset,
            piece: call.piece,
            read_limits: None,
        },
    }
}

/// One gRPC frame with an arbitrary flag byte and arbitrary content.
pub fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + message.len());
    bytes.put_u8(flag);
    bytes.put_u32(frame_length(message.len()));
    bytes.put_slice(message);
    bytes
}

fn frame_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Splits the body of an answer into messages while it arrives.
#[derive(Debug, Default)]
pub(super) struct Deframer {
    buffer: BytesMut,
    pub(super) messages: Vec<Bytes>,
    /// Whether a frame arrived that can't be read. It and all bytes after it are not split.
    unreadable: bool,
    /// Whether frames with the compressed flag are compressed with gzip.
    pub(super) gzip: bool,
}

impl Deframer {
    /// Adds a piece of the body. A compressed message that the call did not accept, and
    /// everything after it, stays in the remaining bytes.
    pub(super) fn push(&mut self, data: &Bytes) {
        self.buffer.extend_from_slice(data);
        while !self.unreadable && self.buffer.len() >= 5 {
            let length = [
                self.buffer[1],
                self.buffer[2],
                self.buffer[3],
                self.buffer[4],
            ];
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            let flag = self.buffer[0];
            if flag > 1 || flag == 1 && !self.gzip {
                self.unreadable = true;
            } else if self.buffer.len() - 5 < length {
                return;
            } else if flag == 1 {
                match decompressed(&self.buffer[5..5 + length]) {
                    Some(message) => {
                        drop(self.buffer.split_to(5 + length));
                        self.messages.push(message);
                    }
                    None => self.unreadable = true,
                }
            } else {
                let frame = self.buffer.split_to(5 + length).freeze();
                self.messages.push(frame.slice(5..));
            }
        }
    }

    /// The complete messages, and the remaining bytes.
    pub(super) fn into_parts(self) -> (Vec<Bytes>, Bytes) {
        (self.messages, self.buffer.freeze())
    }
}

/// A message without gzip; `None` if it is none, or longer than an answer may be.
fn decompressed(message: &[u8]) -> Option<Bytes> {
    let mut plain = Vec::new();
    let limit = MAX_ANSWER_BYTES as u64 + 1;
    let mut decoder = flate2::read::GzDecoder::new(message).take(limit);
    decoder.read_to_end(&mut plain).ok()?;
    (plain.len() <= MAX_ANSWER_BYTES).then(|| plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deframe(pieces: &[&'static [u8]]) -> (Vec<Bytes>, Bytes) {
        let mut deframer = Deframer::default();
        for piece in pieces {
            deframer.push(&Bytes::from_static(piece));
        }
        deframer.into_parts()
    }

    #[test]
    fn frames_are_split_at_any_piece_boundary() {
        let expected: (Vec<Bytes>, Bytes) = (
            vec![Bytes::from_static(b"ab"), Bytes::new()],
            Bytes::from_static(&[0, 0]),
        );
        assert_eq!(
            deframe(&[&[0, 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0]]),
            expected
        );
        assert_eq!(
            deframe(&[&[0, 0], &[0, 0, 2, b'a'], &[b'b', 0, 0, 0, 0, 0, 0, 0]]),
            expected
        );
    }

    #[test]
    fn compressed_message_stays_in_the_remaining_bytes() {
        let (messages, rest) = deframe(&[&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
        assert_eq!((messages.len(), rest.len()), (0, 10));
    }
}
