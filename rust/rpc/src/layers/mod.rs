//! The tower layers that wrap every handler.
//!
//! Their order is fixed; `tests/suite/layer_order.rs` checks it. The table begins with
//! the outermost layer, which sees a request first.
//!
//! | layer | reason for its position |
//! | --- | --- |
//! | [`request_context`] | outermost, because all others need the request id, the method and the start time of the call, also to report a refused call |
//! | [`server_span`] | outside of all layers that can refuse a call, so that the spans of refused calls end with their code |
//! | [`access_log`] | likewise, so that refused calls are logged too |
//! | [`call_metrics`] | likewise, so that shed and panicked calls are counted |
//! | [`catch_panic`] | inside of log and metrics, so that they see INTERNAL; outside of the rest, so that panics in other layers are caught |
//! | [`deadline`] | around all that waits: for the request, for a permit, for the handler |
//! | [`rate_limit`] | before a call waits for its message or a permit; and again inside of authentication, for what only that knows |
//! | [`admission`] | before any work is done, because an overloaded server must refuse calls cheaply |
//! | [`authenticate`] | before a message is decoded, so that a client without a credential gets no validation errors |
//! | `inject_faults` | in the place of the handler, so that a call that a fault delays holds its permit, and the operator's faults hit only callers that may call |
//! | [`drain`] | around the handler, because it ends running streams |
//! | [`message_size_limit`] | innermost, directly before the decoder, because it parses the same bytes |
//!
//! gRPC-Web is translated before the first layer, so that all layers see plain gRPC.
//! Validation and the handler run after the last layer, in the generated server.
//!
//! Layers are plain tower services; only [`admission`] boxes the future of every call. They share the modules
//! `abort`, `completion` and `response_future`.

pub(crate) mod abort;
pub mod access_log;
pub mod admission;
pub mod authenticate;
pub mod call_metrics;
pub mod catch_panic;
pub(crate) mod completion;
pub mod deadline;
pub mod drain;
mod frame_parser;
pub(crate) mod inject_faults;
pub mod message_size_limit;
pub mod rate_limit;
pub mod request_context;
mod response_future;
pub mod server_span;

use std::sync::Arc;

use tokio::sync::watch;

use self::{
    access_log::AccessLog,
    admission::Admission,
    authenticate::Authenticate,
    call_metrics::CallMetrics,
    catch_panic::CatchPanic,
    deadline::Deadline,
    drain::Drain,
    inject_faults::InjectFaults,
    message_size_limit::{BodyLimits, MessageSizeLimit},
    rate_limit::RateLimit,
    request_context::RequestContext,
    server_span::ServerSpan,
};
use crate::{
    Authenticator, Faults, Options, RateLimits, TrustedProxies,
    authentication::{Credentials, OperatorToken},
    routes::Routes,
    service_credential::ServiceSecrets,
};

pub use self::message_size_limit::LimitedBody;

/// All layers around the services, outermost first.
pub(crate) type Stack =
    RequestContext<ServerSpan<AccessLog<CallMetrics<CatchPanic<Deadline<LimitedCalls>>>>>>;

/// The layers that decide whether a call may be made.
type LimitedCalls =
    RateLimit<Admission<Authenticate<RateLimit<InjectFaults<Drain<MessageSizeLimit<Routes>>>>>>>;

/// The state that all stacks of one router share, over the network and in process, such
/// as the concurrency limits and the metrics.
pub(crate) struct SharedState {
    metric_handles: Arc<call_metrics::MetricHandles>,
    limits: Arc<admission::Limits>,
    credentials: Credentials,
    rate_limits: RateLimits,
    trusted_proxies: TrustedProxies,
    draining: watch::Receiver<bool>,
    stream_grace: std::time::Duration,
    body_limits: BodyLimits,
    max_call_duration: std::time::Duration,
    faults: Option<Faults>,
}

impl SharedState {
    pub(crate) fn new(options: &Options, draining: watch::Receiver<bool>) -> Self {
        Self {
            metric_handles: Arc::default(),
            limits: Arc::new(admission::Limits::new(options)),
            credentials: Credentials {
                operator_token: OperatorToken::new(options.operator_token.as_deref()),
                service_secrets: ServiceSecrets::new(&options.service_secrets),
                authenticator: None,
                open_services: Arc::new([]),
            },
            rate_limits: options.rate_limits.clone(),
            trusted_proxies: options.trusted_proxies.clone(),
            draining,
            stream_grace: options.stream_grace,
            body_limits: BodyLimits {
                message_bytes: options.max_message_bytes,
                receive_timeout: options.receive_timeout,
                message_interval: options.max_message_interval,
            },
            max_call_duration: options.max_call_duration,
            faults: options.faults.clone(),
        }
    }

    pub(crate) fn set_authenticator(&mut self, authenticator: Arc<dyn Authenticator>) {
        self.credentials.authenticator = Some(authenticator);
    }
}

/// `open_services` are the names of the services that are not in the contract.
pub(crate) fn build_stack(
    routes: Routes,
    shared: &SharedState,
    open_services: &[&'static str],
) -> Stack {
    let credentials = Arc::new(Credentials {
        open_services: open_services.into(),
        ..shared.credentials.clone()
    });
    let rate_limits = || shared.rate_limits.clone();
    let inner = MessageSizeLimit::new(routes, shared.body_limits);
    let inner = Drain::new(inner, shared.draining.clone(), shared.stream_grace);
    let inner = InjectFaults::new(inner, shared.faults.clone());
    let inner = RateLimit::after_authentication(inner, rate_limits());
    let inner = Authenticate::new(inner, Arc::clone(&credentials));
    let inner = Admission::new(inner, Arc::clone(&shared.limits));
    let inner = RateLimit::before_admission(inner, rate_limits(), credentials);
    let inner = Deadline::new(inner, shared.max_call_duration);
    let inner = CatchPanic::new(inner);
    let inner = CallMetrics::new(inner, Arc::clone(&shared.metric_handles));
    let inner = AccessLog::new(inner);
    let inner = ServerSpan::new(inner);
    RequestContext::new(inner, shared.trusted_proxies.clone())
}
