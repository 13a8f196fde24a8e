//! The outcomes of calls, before the judge looks at them.

use std::time::Duration;

use bytes::Bytes;

/// The outcome of one call: an answer, or the failure to get one.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A complete HTTP response.
    Answered(Answer),
    /// No complete answer within the timeout.
    TimedOut {
        /// The timeout.
        after: Duration,
    },
    /// The stream was reset.
    Reset {
        /// The HTTP/2 error code of RST_STREAM or GOAWAY: 8 is CANCEL.
        code: u32,
    },
    /// The connection broke during the call; the server may have crashed.
    Broken {
        /// The error of the transport.
        cause: String,
    },
    /// No connection could be made.
    Unreachable {
        /// The error of the operating system or of TLS.
        cause: String,
    },
}

/// A complete HTTP response.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The HTTP status; 200 in every gRPC answer.
    pub http_status: u16,
    /// The header fields in order; `-bin` values are still base64.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The messages without their frame headers.
    pub messages: Vec<Bytes>,
    /// The bytes after the last complete frame; empty in a well-formed answer.
    pub rest: Bytes,
    /// The trailer fields; in a Trailers-Only answer, the same as the header fields.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether the probe stopped reading before the stream ended. There are no trailers
    /// then, and no headers either if the HTTP status is 0.
    pub stopped_early: bool,
    /// The time from the first byte sent to the last byte received.
    pub latency: Duration,
}

impl Answer {
    /// The first value of a trailer field.
    pub fn trailer(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.trailers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_slice())
    }

    /// The first value of a header field.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_slice())
    }

    /// The gRPC code; `None` where `grpc-status` is missing or not a number.
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
