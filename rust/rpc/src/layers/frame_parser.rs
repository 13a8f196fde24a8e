//! Parses the frames of gRPC messages in the body of a request.

/// Parses the length prefixes of a gRPC body. Each message is one byte of flags, four
/// bytes of length (big-endian) and that many bytes.
pub(super) struct FrameParser {
    limit: usize,
    prefix: [u8; 5],
    prefix_read: usize,
    message_bytes_left: usize,
    complete_messages: usize,
}

impl FrameParser {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            prefix: [0; 5],
            prefix_read: 0,
            message_bytes_left: 0,
            complete_messages: 0,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many whole messages have been read.
    pub(super) fn complete_messages(&self) -> usize {
        self.complete_messages
    }

    /// Whether a message has begun and not ended.
    pub(super) fn is_inside_message(&self) -> bool {
        self.prefix_read > 0 || self.message_bytes_left > 0
    }

    /// Consumes the next bytes of the body. Fails with the length of the first message
    /// over the limit.
    pub(super) fn advance(&mut self, mut data: &[u8]) -> Result<(), usize> {
        while !data.is_empty() {
            if self.message_bytes_left > 0 {
                let skipped = self.message_bytes_left.min(data.len());
                self.message_bytes_left -= skipped;
                data = &data[skipped..];
                if self.message_bytes_left == 0 {
                    self.complete_messages += 1;
                }
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
                if self.message_bytes_left == 0 {
                    self.complete_messages += 1;
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
            if expected.is_none() {
                prop_assert_eq!(parser.complete_messages(), lengths.len());
                prop_assert!(!parser.is_inside_message());
            }
        }
    }
}
