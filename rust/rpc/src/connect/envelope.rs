//! The prefix of each message in a stream of Connect: one byte of flags and the length.
//!
//! gRPC has the same prefix, but no end of the stream in it.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

const PREFIX_BYTES: usize = 5;

/// Flag: the message is compressed.
pub(super) const COMPRESSED: u8 = 1;
/// Flag: the message is the JSON with the error and the trailers. Only servers send it.
pub(super) const END_OF_STREAM: u8 = 2;

/// A message in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub flags: u8,
    pub message: Bytes,
}

/// The message as bytes.
pub(super) fn write(flags: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    bytes.put_u8(flags);
    // Messages are limited to a few MiB.
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.put_slice(message);
    bytes.freeze()
}

/// Finds the messages in a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct EnvelopeParser {
    received: BytesMut,
}

impl EnvelopeParser {
    pub(super) fn extend(&mut self, data: &[u8]) {
        self.received.extend_from_slice(data);
    }

    /// The length of the next message, as soon as its prefix has arrived.
    pub(super) fn next_length(&self) -> Option<usize> {
        let [_, length @ ..] = *self.received.first_chunk::<PREFIX_BYTES>()?;
        Some(u32::from_be_bytes(length) as usize)
    }

    /// The next message, when all of it has arrived.
    pub(super) fn next(&mut self) -> Option<Envelope> {
        let length = self.next_length()?;
        if self.received.len() - PREFIX_BYTES < length {
            return None;
        }
        let flags = self.received[0];
        self.received.advance(PREFIX_BYTES);
        let message = self.received.split_to(length).freeze();
        Some(Envelope { flags, message })
    }

    /// Whether a message has begun and not ended.
    pub(super) fn is_inside_message(&self) -> bool {
        !self.received.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_messages_are_found_in_any_chunking(
            messages in prop::collection::vec((0_u8..4, prop::collection::vec(any::<u8>(), 0..40)), 0..5),
            chunk_size in 1_usize..20,
        ) {
            let bytes: Vec<u8> = messages
                .iter()
                .flat_map(|(flags, message)| write(*flags, message))
                .collect();
            let mut parser = EnvelopeParser::default();
            let mut found = Vec::new();
            for chunk in bytes.chunks(chunk_size) {
                parser.extend(chunk);
                found.extend(std::iter::from_fn(|| parser.next()));
            }
            prop_assert!(!parser.is_inside_message());
            let found: Vec<_> = found
                .into_iter()
                .map(|envelope| (envelope.flags, envelope.message.to_vec()))
                .collect();
            prop_assert_eq!(found, messages);
        }
    }
}
