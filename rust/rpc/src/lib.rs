//! How every process of Bindery speaks gRPC. The only crate that assembles
//! servers, channels, layers and statuses: a service brings its handlers and
//! gets the rest from here.
//!
//! - [`Router`] puts the services of a process behind all [layers] and serves
//!   them over a socket, in the process, or both.
//! - [`Channel`] is what every generated client is built on; callers can't tell
//!   a service of the same process from one across the network.
//! - [`failure`] and [`internal`] turn the errors of a service into statuses.
//! - [`CallContext`] carries the request id, the trace and the deadline of a call
//!   to the calls that are made on its behalf.

mod channel;
mod context;
mod failure;
mod health;
mod identity;
pub mod layers;
mod method;
mod options;
mod reflection;
mod router;
mod routes;
mod server;
mod timeout;
mod trace;

pub use channel::{Channel, ConnectError, LateChannel, LateChannelSetter};
pub use context::CallContext;
pub use failure::{DOMAIN, Failure, failure, internal};
pub use identity::Caller;
pub use options::Options;
pub use router::Router;
pub use routes::GeneratedServer;
pub use server::{BindError, ServeError, bind};
pub use timeout::{MalformedTimeout, format_timeout, parse_timeout};
pub use trace::TraceContext;
