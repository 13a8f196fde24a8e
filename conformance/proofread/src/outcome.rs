//! What came back from a server, before it is judged.

use std::time::Duration;

use bytes::Bytes;

/// The answer to one call, or what came in its place.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// An HTTP response, complete.
    Answered(Answer),
    /// Nothing within the time that the probe gives: a hang.
    TimedOut {
        /// How long it waited.
        after: Duration,
    },
    /// The stream was reset, by this HTTP/2 error code.
    Reset {
        /// The code of RST_STREAM or GOAWAY: 8 is CANCEL.
        code: u32,
    },
    /// The connection broke in the middle: perhaps the server crashed.
    Broken {
        /// What the transport says.
        cause: String,
    },
    /// No connection could be made.
    Unreachable {
        /// What the system says.
        cause: String,
    },
}

/// A complete HTTP response.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The HTTP status: 200 in all gRPC answers.
    pub http_status: u16,
    /// The header fields, in order, `-bin` values as they are on the wire.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The messages, unframed.
    pub messages: Vec<Bytes>,
    /// Bytes after the last whole frame; none in a well-formed answer.
    pub rest: Bytes,
    /// The trailer fields; the header fields again in a trailers-only answer.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether the probe hung up on a stream that goes on: there are no trailers
    /// then, and with an HTTP status of 0 no headers yet either.
    pub stopped: bool,
    /// From the first byte sent to the last byte received.
    pub latency: Duration,
}

impl Answer {
    /// A trailer field.
    pub fn trailer(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.trailers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_slice())
    }

    /// A header field.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_slice())
    }

    /// The gRPC code; none where the answer carries none that is a number.
    pub fn grpc_code(&self) -> Option<i32> {
        std::str::from_utf8(self.trailer("grpc-status")?)
            .ok()?
            .parse()
            .ok()
    }

    /// The size of the trailer fields as HTTP/2 counts it: names, values and 32
    /// bytes for each.
    pub fn trailer_size(&self) -> usize {
        let sizes = self
            .trailers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 32);
        sizes.sum()
    }
}
