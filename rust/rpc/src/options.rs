//! Limits and timeouts of a server.

use std::{collections::HashMap, thread::available_parallelism, time::Duration};

use http::HeaderValue;

use crate::{
    ConnectionOptions, ConnectionThreads, Faults, RateLimits, ServerTls, TrustedProxies,
    http_port::TooManyRequests,
};

/// Settings of a [`Router`](crate::Router). The defaults are for one process on one
/// machine; `Options { operator_token: .., ..Options::default() }` changes one of them.
#[derive(Clone)]
pub struct Options {
    /// The token for the methods that the contract reserves for the operator. With
    /// `None` every token is refused.
    pub operator_token: Option<String>,
    /// The secrets with which services of other processes prove who they are, by the name
    /// of the service. A service with a valid certificate needs none.
    pub service_secrets: HashMap<String, String>,
    /// The certificate of the server. With `None` its ports are plain text.
    pub tls: Option<ServerTls>,
    /// The largest request message in bytes; in a stream, of each message. Values over
    /// 4 MiB have no effect, because generated servers have that limit themselves.
    pub max_message_bytes: usize,
    /// How many reads, and how many writes, of each service may be in flight at most, without
    /// server streams. The limit adapts between `min_calls` and this to how long calls take; it
    /// is fixed if `min_calls` is not smaller. A call counts from the arrival of its message to
    /// the response of its handler. Further calls wait for `max_queue_time` and are then refused
    /// with RESOURCE_EXHAUSTED.
    pub max_calls: usize,
    /// How many of them may be in flight however long they take: by default twice as many as the
    /// process may use cores, and four at least.
    pub min_calls: usize,
    /// How many server streams of each service may be open. A separate limit, because a
    /// stream lasts for hours and a call for milliseconds.
    pub max_streams: usize,
    /// The part of the permits for calls and of `max_streams` that one peer may use: more than 0,
    /// and 1 for no limit. A peer is an IPv4 address or an IPv6 /64 network.
    pub max_peer_share: f64,
    /// How many more calls, and streams, each service accepts from the same process.
    pub in_process_reserve: usize,
    /// How long a call may wait for its turn while many arrive at once. Under lasting
    /// overload calls wait for 1 ms only.
    pub max_queue_time: Duration,
    /// How long the first message of a call, up to its first 64 KiB, may take to arrive,
    /// and how long a client may pause within a later or longer one. Then the call fails
    /// with DEADLINE_EXCEEDED.
    pub receive_timeout: Duration,
    /// How long the whole body of a request that is not gRPC, such as a form, may take to
    /// arrive. Forms are short, so this is enough for the slowest networks.
    pub request_body_timeout: Duration,
    /// How many requests of one peer that are not gRPC may be handled at a time. Its further
    /// ones wait, so that other peers are served between them. An answer that is still being
    /// sent does not count.
    pub max_http_requests_per_peer: usize,
    /// How long a client may pause between two messages of a client stream.
    pub max_message_interval: Duration,
    /// How long a unary call may take in all, also if its client allows more.
    pub max_call_duration: Duration,
    /// How many calls one connection may have open at a time (HTTP/2
    /// MAX_CONCURRENT_STREAMS); the client must delay further ones.
    pub max_calls_per_connection: u32,
    /// How often each caller may call.
    pub rate_limits: RateLimits,
    /// The answer of an HTTP port to a request over its rate; without it one line of text.
    pub too_many_requests: Option<TooManyRequests>,
    /// The proxies in front of this process, which tell for whom they connect.
    pub trusted_proxies: TrustedProxies,
    /// The limits of the connections of each port.
    pub connections: ConnectionOptions,
    /// The threads that serve the connections of all ports; by default the runtime of the
    /// server does.
    pub connection_threads: ConnectionThreads,
    /// A connection without traffic for this long is pinged (HTTP/2 keepalive).
    pub keepalive_interval: Duration,
    /// How long the reply to a ping may take before the connection is closed.
    pub keepalive_timeout: Duration,
    /// How long the server still accepts connections and calls after the shutdown has been
    /// requested, while health reports NOT_SERVING: as long as load balancers need to
    /// notice it. Zero by default, for a single process without a load balancer.
    pub lame_duck: Duration,
    /// How long calls in flight may take to finish after the shutdown has begun.
    pub drain_timeout: Duration,
    /// How long server streams stay open after the shutdown has begun. Most never end by
    /// themselves, and clients can resume them on another server.
    pub stream_grace: Duration,
    /// The faults that the operator sets by the service `bookstore.faults.v1`; with `None` this
    /// service is not served.
    pub faults: Option<Faults>,
    /// The other origins whose pages may call by gRPC-Web, allowed by CORS. Empty means
    /// only the server's own origin, which needs no CORS headers.
    pub web_origins: Vec<HeaderValue>,
    /// Further names, without a port, by which browsers may call this server; `*` for any.
    /// The names and addresses of the loopback and the address that the server is bound to
    /// are always allowed.
    pub allowed_hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operator_token: None,
            service_secrets: HashMap::new(),
            tls: None,
            max_message_bytes: 4 * 1024 * 1024,
            max_calls: 1024,
            min_calls: (2 * available_parallelism().map_or(1, usize::from)).max(4),
            max_streams: 4096,
            max_peer_share: 0.5,
            in_process_reserve: 128,
            max_queue_time: Duration::from_millis(100),
            receive_timeout: Duration::from_secs(10),
            request_body_timeout: Duration::from_secs(20),
            max_http_requests_per_peer: 32,
            max_message_interval: Duration::from_secs(60),
            max_call_duration: Duration::from_secs(60),
            max_calls_per_connection: 1024,
            rate_limits: RateLimits::default(),
            too_many_requests: None,
            trusted_proxies: TrustedProxies::default(),
            connections: ConnectionOptions::default(),
            connection_threads: ConnectionThreads::default(),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(20),
            lame_duck: Duration::ZERO,
            drain_timeout: Duration::from_secs(10),
            stream_grace: Duration::from_secs(1),
            faults: None,
            web_origins: Vec::new(),
            allowed_hosts: Vec::new(),
        }
    }
}
