//! The context of a call, which its nested calls inherit.

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use consistency::Session;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{Context, ContextGuard, context::FutureExt, trace::TraceContextExt};
use tokio::time::Instant;
use tonic::Code;
use uuid::Uuid;

use crate::{
    method::{self, MethodInfo},
    session, spans,
    timeout::{GRPC_TIMEOUT, MalformedTimeout, parse_timeout},
    trace::TraceContext,
};

/// The header with the request id, in requests and in responses.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// In bytes. Longer request ids are replaced, because they would fill the log.
const MAX_REQUEST_ID_LENGTH: usize = 128;

/// An extension of a request that a service makes by itself every few seconds, such as a
/// poll. Within the process, the access log shows the call at DEBUG.
#[derive(Clone, Copy, Debug)]
pub struct BackgroundCall;

tokio::task_local! {
    static CURRENT: Arc<CallContext>;
}

/// The context of the call that is being served. [`CallContext::current`] returns it in
/// a handler, in its response stream, and in everything that they await. A spawned task
/// does not inherit it; wrap its future with [`CallContext::scope`] if it should.
///
/// It is also a request extension, as `Arc<CallContext>`.
#[derive(Debug)]
pub struct CallContext {
    request_id: HeaderValue,
    trace: TraceContext,
    /// The OpenTelemetry context with the span of the call, if spans are recorded.
    span: Option<Context>,
    tracestate: Option<HeaderValue>,
    started: Instant,
    final_latency: OnceLock<Duration>,
    cancelled: AtomicBool,
    timeout: Result<Option<Duration>, MalformedTimeout>,
    peer: Option<SocketAddr>,
    method: &'static MethodInfo,
    /// The session that the client states.
    session: Option<Arc<Session>>,
    /// The path as sent, only if `method` is the entry of all unknown methods.
    unknown_path: Option<Box<str>>,
}

impl CallContext {
    /// Reads the headers of a request. A missing or invalid request id or trace is
    /// replaced by a new one.
    pub(crate) fn from_headers(headers: &HeaderMap, path: &str, peer: Option<SocketAddr>) -> Self {
        let method = method::lookup(path);
        let parent = headers
            .get(&TRACEPARENT)
            .and_then(|value| TraceContext::parse(value.as_bytes()));
        let span = spans::grpc::start_server(method, parent);
        let trace = span.as_ref().map(TraceContext::of_span).or(parent);
        Self {
            request_id: caller_request_id(headers).unwrap_or_else(new_request_id),
            // tracestate is only valid together with traceparent.
            tracestate: parent.and_then(|_| headers.get(&TRACESTATE).cloned()),
            span,
            trace: trace.unwrap_or_else(TraceContext::root),
            started: Instant::now(),
            final_latency: OnceLock::new(),
            cancelled: AtomicBool::new(false),
            timeout: headers
                .get(&GRPC_TIMEOUT)
                .map(|value| parse_timeout(value.as_bytes()))
                .transpose(),
            peer,
            method,
            session: session::from_headers(headers),
            unknown_path: (method.index == 0).then(|| path.chars().take(200).collect()),
        }
    }

    /// The context with another span.
    #[cfg(test)]
    pub(crate) fn with_span(self, span: Context) -> Self {
        Self {
            span: Some(span),
            ..self
        }
    }

    /// The call that the running code serves, if any.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs a future as part of this call: nested calls that it makes inherit the
    /// request id, the trace and the deadline.
    pub async fn scope<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let context = self.span.clone().unwrap_or_else(Context::current);
        let running = CURRENT.scope(Arc::clone(self), future.with_context(context));
        match &self.session {
            None => running.await,
            Some(session) => session.scope(running).await,
        }
    }

    /// Runs a function as part of this call.
    pub(crate) fn enter<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        let _running = self.span.clone().map(Context::attach);
        match &self.session {
            None => CURRENT.sync_scope(Arc::clone(self), body),
            Some(session) => session.enter(|| CURRENT.sync_scope(Arc::clone(self), body)),
        }
    }

    /// The session that the client states.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// The id of the request: 1 to 128 visible ASCII characters.
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    pub(crate) fn request_id_header(&self) -> HeaderValue {
        never_indexed(self.request_id.clone())
    }

    /// The trace that the call belongs to.
    pub fn trace(&self) -> TraceContext {
        self.trace
    }

    /// The OpenTelemetry context with the span of the call, if spans are recorded.
    pub(crate) fn span(&self) -> Option<&Context> {
        self.span.as_ref()
    }

    /// Makes the span of the call the current one, if it is not. While the call is polled it is,
    /// but not when a call that its client has cancelled is dropped.
    pub(crate) fn attach_span(&self) -> Option<ContextGuard> {
        let span_id = |context: &Context| context.span().span_context().span_id();
        let span = self.span.as_ref()?;
        let is_current = Context::map_current(span_id) == span_id(span);
        (!is_current).then(|| span.clone().attach())
    }

    pub(crate) fn tracestate(&self) -> Option<&HeaderValue> {
        self.tracestate.as_ref()
    }

    /// When the call arrived.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The duration of the call, to be asked for at its end: the first caller fixes the
    /// value, so that the log and the metrics agree.
    pub(crate) fn final_latency(&self) -> Duration {
        *self.final_latency.get_or_init(|| self.started.elapsed())
    }

    /// Records that the client has reset the request or hung up while it sent it.
    pub(crate) fn set_cancelled(&self) {
        // Relaxed, because no other memory depends on it.
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// The code to report for a call that ended with `code`: CANCELLED if its client
    /// had gone, whatever the handler made of the broken request.
    pub(crate) fn final_code(&self, code: Code) -> Code {
        if code != Code::Ok && self.cancelled.load(Ordering::Relaxed) {
            return Code::Cancelled;
        }
        code
    }

    /// When the response must be complete; `None` if the client sent no timeout.
    pub fn deadline(&self) -> Option<Instant> {
        let timeout = self.timeout.ok().flatten()?;
        self.started.checked_add(timeout)
    }

    /// The `grpc-timeout` of the client, or the error if it is malformed.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>, MalformedTimeout> {
        self.timeout
    }

    /// The address of the client, as a trusted proxy tells it, or of the proxy; `None` for an
    /// in-process call.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The path of the method: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub fn method(&self) -> &str {
        self.unknown_path.as_deref().unwrap_or(self.method.path)
    }

    pub(crate) fn method_info(&self) -> &'static MethodInfo {
        self.method
    }
}

/// Marks a header value as "never indexed" (RFC 7541, 6.2.3), for values that no other
/// call has. In the HPACK dynamic table they would displace repeated headers, and every
/// further call would be compared with all of them.
pub(crate) fn never_indexed(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// The request id of the client, if it is valid: 1 to 128 visible ASCII characters.
fn caller_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(&REQUEST_ID)?;
    let length_fits = (1..=MAX_REQUEST_ID_LENGTH).contains(&value.len());
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    (length_fits && visible).then(|| value.clone())
}

/// A new UUIDv7. It uses the random generator of the thread, because a system call per
/// request would reduce the throughput measurably.
#[expect(
    clippy::disallowed_methods,
    reason = "the time in a request id only keeps ids in order in the log"
)]
pub(crate) fn new_request_id() -> HeaderValue {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
    let random: [u8; 10] = rand::random();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    let mut text = Uuid::encode_buffer();
    let text = id.hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context_from(headers: &[(&'static str, &str)]) -> CallContext {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
                (HeaderName::from_static(name), value)
            })
            .collect();
        CallContext::from_headers(&headers, "/payment.PaymentService/ProcessPayment", None)
    }

    #[test]
    fn valid_request_id_is_kept() {
        let longest = "x".repeat(128);
        for id in ["a", "order-7/retry:2", &longest] {
            assert_eq!(context_from(&[("x-request-id", id)]).request_id(), id);
        }
    }

    #[test]
    fn invalid_request_id_is_replaced() {
        let too_long = "x".repeat(129);
        for id in ["", "two words", "naïve", &too_long] {
            let context = context_from(&[("x-request-id", id)]);
            let generated = Uuid::parse_str(context.request_id()).expect("a UUID");
            assert_eq!(generated.get_version_num(), 7, "{id:?}");
        }
    }

    #[test]
    fn tracestate_without_traceparent_is_dropped() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(
            context_from(&[("tracestate", "a=1")])
                .tracestate()
                .is_none()
        );
        let context = context_from(&[("traceparent", parent), ("tracestate", "a=1")]);
        assert!(context.tracestate().is_some());
        assert_eq!(context.trace().to_string(), parent);
    }

    #[tokio::test]
    async fn scope_sets_the_current_call() {
        assert!(CallContext::current().is_none());
        let context = Arc::new(context_from(&[("x-request-id", "seven")]));
        let seen = context.scope(async {
            tokio::task::yield_now().await;
            CallContext::current().map(|current| current.request_id().to_owned())
        });
        assert_eq!(seen.await.as_deref(), Some("seven"));
    }
}
