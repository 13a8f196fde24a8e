//! gRPC servers and clients of every Bindery process. This is the only crate that
//! assembles servers, channels, layers and statuses: a service provides its
//! handlers and uses this crate for the rest.
//!
//! - [`Router`] wraps the services of a process in all [layers] and serves them
//!   over a socket, in the process, or both.
//! - [`Channel`] is the transport of every generated client. Client code is the
//!   same for a service in the same process and for one across the network.
//! - [`failure`] and [`internal`] convert the errors of a service to statuses.
//! - [`Faults`] are injected into calls, if the operator asks for it.
//! - [`CallContext`] passes the request id, the trace and the deadline of a call
//!   on to its nested calls: those that its handler makes.
//! - [`spans`] records spans of OpenTelemetry.

mod accept;
mod allowed_hosts;
mod authentication;
mod batched_writes;
mod channel;
mod code_names;
mod connect;
mod connection_executor;
mod context;
mod failure;
mod faults;
mod gauge_guard;
mod grpc_service;
mod health;
mod http_port;
mod identity;
mod incident;
pub mod layers;
mod listen;
mod method;
mod notable_calls;
mod options;
mod peer;
mod private_file;
mod rate_limits;
mod reflection;
mod reloaded;
mod request_body;
mod router;
mod routes;
mod server;
mod service_credential;
mod session;
pub mod spans;
mod timeout;
mod tls;
mod trace;
mod trusted_proxies;

pub use accept::{ConnectionOptions, ConnectionThreads, ServeError, raise_descriptor_limit};
pub use authentication::{AuthenticationError, Authenticator, CachedAuthenticator, OperatorToken};
pub use channel::{Channel, ConnectError, LateChannel, LateChannelSetter};
pub use connect::HttpApi;
pub use context::{BackgroundCall, CallContext};
pub use failure::{
    DOMAIN, Failure, failure, internal, request_id_reused, store_overloaded, store_unavailable,
};
pub use faults::{ActiveFault, Effect, Fault, Faults, Target};
pub use health::serve_health;
pub use http_port::{PeerAddress, TooManyRequests, serve_http};
pub use identity::{AccountId, Caller, ServiceName, bearer_token};
pub use listen::{BindError, bind};
pub use notable_calls::{NotableCall, notable_calls};
pub use options::Options;
pub use peer::{client_network, peer_network, set_client_address};
pub use private_file::is_private;
pub use rate_limits::{RateLimits, RateLimitsError};
pub use request_body::{RequestBody, RequestBodyError};
pub use router::Router;
pub use routes::GeneratedServer;
pub use timeout::{MalformedTimeout, format_timeout, parse_timeout};
pub use tls::{
    ClientCertificates, ClientTls, ClientTlsFiles, HttpsConnector, ServerTls, ServerTlsFiles,
    TlsError, accept_every_certificate, is_http,
};
pub use trace::TraceContext;
pub use trusted_proxies::TrustedProxies;
