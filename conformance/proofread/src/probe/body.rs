//! What a call sends after its headers, and the frames of gRPC in it.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use super::Stop;
use crate::case::Send;

/// The body of a call, down to its bytes.
#[derive(Debug, Clone, Default)]
pub struct RawBody {
    /// The bytes: gRPC frames, or whatever is put in their place.
    pub bytes: Bytes,
    /// Ends the stream by RST_STREAM and not by END_STREAM.
    pub reset: bool,
    /// When to hang up on an answer that goes on.
    pub stop: Option<Stop>,
}

impl RawBody {
    /// A body of these bytes.
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

    /// The same, hanging up as `stop` says.
    #[must_use]
    pub fn stopping(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }
}

/// The messages with the five bytes of gRPC in front of each: a flag, the length.
pub fn frames<'m, M: Message + 'm>(messages: impl IntoIterator<Item = &'m M>) -> Bytes {
    let mut bytes = BytesMut::new();
    for message in messages {
        bytes.put_u8(0);
        bytes.put_u32(wire_length(message.encoded_len()));
        // Grows as it must, and so can't fail.
        let _ = message.encode(&mut bytes);
    }
    bytes.freeze()
}

/// The body that a case sends.
pub fn body_of(send: &Send) -> RawBody {
    match send {
        Send::Messages(messages) => RawBody::messages(messages),
        Send::Raw(call) => RawBody {
            bytes: Bytes::copy_from_slice(&call.body),
            reset: call.reset,
            stop: None,
        },
    }
}

/// One frame, with any flag, around any bytes.
pub fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + message.len());
    bytes.put_u8(flag);
    bytes.put_u32(wire_length(message.len()));
    bytes.put_slice(message);
    bytes
}

fn wire_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Cuts the body of an answer into messages, as it comes in.
#[derive(Debug, Default)]
pub(super) struct Deframer {
    buffer: BytesMut,
    pub(super) messages: Vec<Bytes>,
    /// A frame came that can't be read: nothing after it is cut.
    stuck: bool,
}

impl Deframer {
    /// A compressed message can't be read, and may not come: the probe offers no
    /// encoding. It and all that follows stays in the rest.
    pub(super) fn push(&mut self, data: &Bytes) {
        self.buffer.extend_from_slice(data);
        while !self.stuck && self.buffer.len() >= 5 {
            let length = [
                self.buffer[1],
                self.buffer[2],
                self.buffer[3],
                self.buffer[4],
            ];
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            if self.buffer[0] != 0 {
                self.stuck = true;
            } else if self.buffer.len() - 5 < length {
                return;
            } else {
                let frame = self.buffer.split_to(5 + length).freeze();
                self.messages.push(frame.slice(5..));
            }
        }
    }

    pub(super) fn rest(self) -> (Vec<Bytes>, Bytes) {
        (self.messages, self.buffer.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&'static [u8]]) -> (Vec<Bytes>, Bytes) {
        let mut deframer = Deframer::default();
        for piece in pieces {
            deframer.push(&Bytes::from_static(piece));
        }
        deframer.rest()
    }

    #[test]
    fn frames_are_cut_wherever_the_data_is() {
        let whole: (Vec<Bytes>, Bytes) = (
            vec![Bytes::from_static(b"ab"), Bytes::new()],
            Bytes::from_static(&[0, 0]),
        );
        assert_eq!(
            cut(&[&[0, 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0]]),
            whole
        );
        assert_eq!(
            cut(&[&[0, 0], &[0, 0, 2, b'a'], &[b'b', 0, 0, 0, 0, 0, 0, 0]]),
            whole
        );
    }

    #[test]
    fn a_compressed_message_stays_in_the_rest() {
        let (messages, rest) = cut(&[&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
        assert_eq!((messages.len(), rest.len()), (0, 10));
    }
}
