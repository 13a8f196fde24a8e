//! The limits of the connections of one port.

use std::{io, time::Duration};

/// Descriptors for everything but connections: databases, logs, listening sockets.
const OTHER_DESCRIPTORS: u64 = 256;

/// How many ports share the descriptors: gRPC and the shop.
const PORTS: u64 = 2;

/// More connections would need more memory than a small machine has.
const MAX_CONNECTIONS: u64 = 10_000;

/// A peer may always have this many connections. All clients behind one proxy or NAT are
/// one peer.
const MIN_CONNECTIONS_PER_PEER: usize = 64;

/// The limits of the connections of one port.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// How many connections may be open.
    pub max_connections: usize,
    /// How many connections one peer may have: an IPv4 address or an IPv6 /64 network.
    pub max_connections_per_peer: usize,
    /// How many bytes the headers of a request may have over HTTP/2, as SETTINGS_MAX_HEADER_LIST_SIZE
    /// counts them: 32 more for each header than its name and value have.
    pub max_http2_header_bytes: u32,
    /// The same over HTTP/1, in bytes on the wire: at least 8192. Over this limit the answer is
    /// 431.
    pub max_http1_header_bytes: usize,
    /// How many headers a request may have over HTTP/1. Over HTTP/2 their size limits them.
    pub max_http1_headers: usize,
    /// How long the TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How often the certificates of the clients of open connections are checked: how long after
    /// its expiry a certificate is still accepted, at most.
    pub certificate_check_interval: Duration,
    /// How long a connection may take to send the complete headers of its first request,
    /// including the handshake.
    pub first_request_timeout: Duration,
    /// How long an HTTP/1 connection without a request in flight stays open, up to twice
    /// this time.
    pub http1_idle_timeout: Duration,
    /// The same for an HTTP/2 connection, whose client is told by GOAWAY.
    pub http2_idle_timeout: Duration,
    /// How long a part of an answer may wait until its client reads on. Then the stream
    /// (HTTP/2) or the connection is reset. The time in which the server has nothing to
    /// send does not count.
    pub unread_answer_timeout: Duration,
}

impl Default for ConnectionOptions {
    /// Uses most of the file descriptors that the process may open now, for two ports; a
    /// quarter of the connections for one peer.
    fn default() -> Self {
        let descriptors = rlimit::Resource::NOFILE.get_soft().unwrap_or(1024);
        let for_port = descriptors.saturating_sub(OTHER_DESCRIPTORS) / PORTS;
        let for_port = for_port.clamp(MIN_CONNECTIONS_PER_PEER as u64, MAX_CONNECTIONS);
        let max_connections = usize::try_from(for_port).unwrap_or(MIN_CONNECTIONS_PER_PEER);
        Self {
            max_connections,
            max_connections_per_peer: (max_connections / 4).max(MIN_CONNECTIONS_PER_PEER),
            max_http2_header_bytes: 16 * 1024,
            max_http1_header_bytes: 32 * 1024,
            max_http1_headers: 100,
            handshake_timeout: Duration::from_secs(5),
            certificate_check_interval: Duration::from_secs(30),
            first_request_timeout: Duration::from_secs(10),
            http1_idle_timeout: Duration::from_secs(75),
            http2_idle_timeout: Duration::from_secs(300),
            unread_answer_timeout: Duration::from_secs(30),
        }
    }
}

/// Raises the limit of open file descriptors (soft) to what the process may set (hard), and
/// returns it. Call it before [`ConnectionOptions::default`], which depends on the limit.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    rlimit::increase_nofile_limit(u64::MAX)
}
