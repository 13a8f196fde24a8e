//! The limits of a server, in one place.

use std::time::Duration;

use http::HeaderValue;

/// How a [`Router`](crate::Router) behaves. The defaults suit one process on one
/// machine; `Options { operator_token: .., ..Options::default() }` changes one.
#[derive(Clone)]
pub struct Options {
    /// The token that opens the methods that the contract keeps for the operator.
    /// `None` refuses every token.
    pub operator_token: Option<String>,
    /// The largest request message in bytes, each message of a stream for itself.
    /// At most 4 MiB count: generated servers refuse more than that by themselves.
    pub max_message_bytes: usize,
    /// How many unary and client-streaming calls may be in flight; more are shed.
    pub max_calls: usize,
    /// How many server streams may be open; more are shed. Apart from the calls,
    /// because a stream lasts for hours and a call for milliseconds.
    pub max_streams: usize,
    /// How many calls one connection may have open at a time; more wait at the
    /// caller.
    pub max_calls_per_connection: u32,
    /// After how long a silence a connection is pinged.
    pub keepalive_interval: Duration,
    /// How long the answer to a ping may take before the connection is dropped.
    pub keepalive_timeout: Duration,
    /// How long calls in flight may take to finish once the shutdown began.
    pub drain_timeout: Duration,
    /// How long open server streams last once the shutdown began: most never end
    /// by themselves, and callers resume them elsewhere.
    pub stream_grace: Duration,
    /// The origins whose pages may call by gRPC-Web. Empty: those of the server's
    /// own origin only, which needs no permission.
    pub web_origins: Vec<HeaderValue>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operator_token: None,
            max_message_bytes: 4 * 1024 * 1024,
            max_calls: 1024,
            max_streams: 4096,
            max_calls_per_connection: 1024,
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(20),
            drain_timeout: Duration::from_secs(10),
            stream_grace: Duration::from_secs(1),
            web_origins: Vec::new(),
        }
    }
}
