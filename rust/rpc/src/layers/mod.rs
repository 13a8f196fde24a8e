//! What happens to every call, before and after its handler.
//!
//! The order is fixed, from the caller inwards; `tests/order.rs` holds it.
//!
//! | layer | why it stands there |
//! | --- | --- |
//! | [`accept`] | outermost, because all others need the request id, the method and the clock of the call, also to report what they refuse |
//! | [`log`] | outside of all that refuses, so that a refused call leaves a line too |
//! | [`measure`] | likewise: shed and panicked calls are counted |
//! | [`catch_panic`] | inside the two, so that they see INTERNAL; outside the rest, so that a panic anywhere in it is caught |
//! | [`shed`] | before all work, because an overloaded server must refuse cheaply |
//! | [`authenticate`] | before a message is read, so that a stranger learns nothing about validation |
//! | [`deadline`] | around the handler; not around authentication, which takes no time |
//! | [`drain`] | like the deadline, for the shutdown of the process |
//! | [`limit_size`] | next to the decoder, because it reads what the decoder reads |
//!
//! gRPC-Web is translated before the first layer, so that all of them see plain
//! gRPC. Validation and the handler come after the last, in the generated server.
//!
//! Layers are plain tower services without boxed futures; `cut`, `ending` and
//! `refuse` are what they share.

pub mod accept;
pub mod authenticate;
pub mod catch_panic;
mod cut;
pub mod deadline;
pub mod drain;
mod ending;
pub mod limit_size;
pub mod log;
pub mod measure;
mod refuse;
pub mod shed;

use std::sync::Arc;

use tokio::sync::watch;

use self::{
    accept::Accept, authenticate::Authenticate, catch_panic::CatchPanic, deadline::Deadline,
    drain::Drain, limit_size::LimitSize, log::Log, measure::Measure, shed::Shed,
};
use crate::{Options, routes::Routes};

pub use self::limit_size::Limited;

/// All layers around the services, outermost first.
pub(crate) type Stack =
    Accept<Log<Measure<CatchPanic<Shed<Authenticate<Deadline<Drain<LimitSize<Routes>>>>>>>>>;

/// What the stacks of one router have in common, over the network and in process:
/// one limit, one set of metrics.
pub(crate) struct Shared {
    table: Arc<measure::Table>,
    limits: Arc<shed::Limits>,
    token: Option<Arc<str>>,
    draining: watch::Receiver<bool>,
    stream_grace: std::time::Duration,
    max_message_bytes: usize,
}

impl Shared {
    pub(crate) fn new(options: &Options, draining: watch::Receiver<bool>) -> Self {
        Self {
            table: Arc::default(),
            limits: Arc::new(shed::Limits::new(options.max_calls, options.max_streams)),
            token: options.operator_token.as_deref().map(Arc::from),
            draining,
            stream_grace: options.stream_grace,
            max_message_bytes: options.max_message_bytes,
        }
    }
}

pub(crate) fn stack(routes: Routes, shared: &Shared) -> Stack {
    let inner = LimitSize::new(routes, shared.max_message_bytes);
    let inner = Drain::new(inner, shared.draining.clone(), shared.stream_grace);
    let inner = Deadline::new(inner);
    let inner = Authenticate::new(inner, shared.token.clone());
    let inner = Shed::new(inner, Arc::clone(&shared.limits));
    let inner = CatchPanic::new(inner);
    let inner = Measure::new(inner, Arc::clone(&shared.table));
    let inner = Log::new(inner);
    Accept::new(inner)
}
