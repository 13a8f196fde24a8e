//! What happens to every call, before and after its handler.
//!
//! The order is fixed, from the caller inwards; `tests/suite/layer_order.rs` checks it.
//!
//! | layer | why it stands there |
//! | --- | --- |
//! | [`request_context`] | outermost, because all others need the request id, the method and the clock of the call, also to report what they refuse |
//! | [`access_log`] | outside of all that refuses, so that a refused call leaves a line too |
//! | [`call_metrics`] | likewise: shed and panicked calls are counted |
//! | [`catch_panic`] | inside the two, so that they see INTERNAL; outside the rest, so that a panic anywhere in it is caught |
//! | [`load_shed`] | before all work, because an overloaded server must refuse cheaply |
//! | [`authenticate`] | before a message is read, so that a stranger learns nothing about validation |
//! | [`deadline`] | around the handler; not around authentication, which takes no time |
//! | [`drain`] | like the deadline, for the shutdown of the process |
//! | [`message_size_limit`] | next to the decoder, because it reads what the decoder reads |
//!
//! gRPC-Web is translated before the first layer, so that all of them see plain
//! gRPC. Validation and the handler come after the last, in the generated server.
//!
//! Layers are plain tower services without boxed futures; `abort`, `completion` and
//! `response_future` are what they share.

mod abort;
pub mod access_log;
pub mod authenticate;
pub mod call_metrics;
pub mod catch_panic;
mod completion;
pub mod deadline;
pub mod drain;
pub mod load_shed;
pub mod message_size_limit;
pub mod request_context;
mod response_future;

use std::sync::Arc;

use tokio::sync::watch;

use self::{
    access_log::AccessLog, authenticate::Authenticate, call_metrics::CallMetrics,
    catch_panic::CatchPanic, deadline::Deadline, drain::Drain, load_shed::LoadShed,
    message_size_limit::MessageSizeLimit, request_context::RequestContext,
};
use crate::{Options, routes::Routes};

pub use self::message_size_limit::LimitedBody;

/// All layers around the services, outermost first.
pub(crate) type Stack = RequestContext<
    AccessLog<
        CallMetrics<CatchPanic<LoadShed<Authenticate<Deadline<Drain<MessageSizeLimit<Routes>>>>>>>,
    >,
>;

/// What the stacks of one router have in common, over the network and in process:
/// one limit, one set of metrics.
pub(crate) struct SharedState {
    metric_handles: Arc<call_metrics::MetricHandles>,
    limits: Arc<load_shed::Limits>,
    operator_token: Option<Arc<str>>,
    draining: watch::Receiver<bool>,
    stream_grace: std::time::Duration,
    max_message_bytes: usize,
}

impl SharedState {
    pub(crate) fn new(options: &Options, draining: watch::Receiver<bool>) -> Self {
        Self {
            metric_handles: Arc::default(),
            limits: Arc::new(load_shed::Limits::new(
                options.max_calls,
                options.max_streams,
            )),
            operator_token: options.operator_token.as_deref().map(Arc::from),
            draining,
            stream_grace: options.stream_grace,
            max_message_bytes: options.max_message_bytes,
        }
    }
}

pub(crate) fn build_stack(routes: Routes, shared: &SharedState) -> Stack {
    let inner = MessageSizeLimit::new(routes, shared.max_message_bytes);
    let inner = Drain::new(inner, shared.draining.clone(), shared.stream_grace);
    let inner = Deadline::new(inner);
    let inner = Authenticate::new(inner, shared.operator_token.clone());
    let inner = LoadShed::new(inner, Arc::clone(&shared.limits));
    let inner = CatchPanic::new(inner);
    let inner = CallMetrics::new(inner, Arc::clone(&shared.metric_handles));
    let inner = AccessLog::new(inner);
    RequestContext::new(inner)
}
