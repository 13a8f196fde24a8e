//! What a call carries to the calls that are made on its behalf.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    method::{self, MethodInfo},
    timeout::{GRPC_TIMEOUT, MalformedTimeout, parse_timeout},
    trace::TraceContext,
};

/// The header of the request id, in requests and in responses.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Longer request ids are replaced: they would fill the log.
const MAX_REQUEST_ID_LENGTH: usize = 128;

tokio::task_local! {
    static CURRENT: Arc<CallContext>;
}

/// The call that is being served: in a handler, in the stream that it answers, and
/// in everything that they await. A task of its own does not inherit it; wrap what
/// you spawn with [`CallContext::scope`] if it shall.
///
/// Also a request extension, as `Arc<CallContext>`.
#[derive(Debug)]
pub struct CallContext {
    request_id: HeaderValue,
    trace: TraceContext,
    tracestate: Option<HeaderValue>,
    started: Instant,
    final_latency: OnceLock<Duration>,
    timeout: Result<Option<Duration>, MalformedTimeout>,
    peer: Option<SocketAddr>,
    method: &'static MethodInfo,
    /// Kept only where the row of the method does not tell it.
    unknown_path: Option<Box<str>>,
}

impl CallContext {
    /// Reads what the caller sent, and makes up what is missing or malformed.
    pub(crate) fn from_headers(headers: &HeaderMap, path: &str, peer: Option<SocketAddr>) -> Self {
        let method = method::lookup(path);
        let trace = headers
            .get(&TRACEPARENT)
            .and_then(|value| TraceContext::parse(value.as_bytes()));
        Self {
            request_id: caller_request_id(headers).unwrap_or_else(new_request_id),
            // A state without its parent means nothing.
            tracestate: trace.and_then(|_| headers.get(&TRACESTATE).cloned()),
            trace: trace.unwrap_or_else(TraceContext::root),
            started: Instant::now(),
            final_latency: OnceLock::new(),
            timeout: headers
                .get(&GRPC_TIMEOUT)
                .map(|value| parse_timeout(value.as_bytes()))
                .transpose(),
            peer,
            method,
            unknown_path: (method.index == 0).then(|| path.chars().take(200).collect()),
        }
    }

    /// The call that the running code serves, if any.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs a future as part of this call: what it calls inherits the request id,
    /// the trace and the deadline.
    pub fn scope<F: Future>(self: &Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Arc::clone(self), future)
    }

    /// Runs a piece of code as part of this call.
    pub(crate) fn enter<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(Arc::clone(self), body)
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

    pub(crate) fn tracestate(&self) -> Option<&HeaderValue> {
        self.tracestate.as_ref()
    }

    /// When the call arrived.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// How long the call final_latency, for whoever asks at its end: the first one stops the
    /// clock, so that log and metrics tell the same.
    pub(crate) fn final_latency(&self) -> Duration {
        *self.final_latency.get_or_init(|| self.started.elapsed())
    }

    /// When the call must be answered; `None` if the caller waits for ever.
    pub fn deadline(&self) -> Option<Instant> {
        let timeout = self.timeout.ok().flatten()?;
        self.started.checked_add(timeout)
    }

    /// Whether the caller's `grpc-timeout` could be read.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>, MalformedTimeout> {
        self.timeout
    }

    /// From where the call came; `None` inside a process.
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

/// Marks a value that no other call has, so that HTTP/2 leaves it out of the table of
/// headers that it may refer to later. There it would push out what is repeated, and
/// each further call would compare its own with all that are kept.
pub(crate) fn never_indexed(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// The caller's id, if it is one that can stand in a log line.
fn caller_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(&REQUEST_ID)?;
    let length_fits = (1..=MAX_REQUEST_ID_LENGTH).contains(&value.len());
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    (length_fits && visible).then(|| value.clone())
}

/// A UUIDv7. Made from the thread's random generator: one system call a request
/// would be seen in the throughput.
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

    fn context(headers: &[(&'static str, &str)]) -> CallContext {
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
    fn a_sensible_request_id_is_kept() {
        let longest = "x".repeat(128);
        for id in ["a", "order-7/retry:2", &longest] {
            assert_eq!(context(&[("x-request-id", id)]).request_id(), id);
        }
    }

    #[test]
    fn other_request_ids_are_replaced() {
        let too_long = "x".repeat(129);
        for id in ["", "two words", "naïve", &too_long] {
            let context = context(&[("x-request-id", id)]);
            let made = Uuid::parse_str(context.request_id()).expect("a UUID");
            assert_eq!(made.get_version_num(), 7, "{id:?}");
        }
    }

    #[test]
    fn tracestate_needs_a_traceparent() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(context(&[("tracestate", "a=1")]).tracestate().is_none());
        let context = context(&[("traceparent", parent), ("tracestate", "a=1")]);
        assert!(context.tracestate().is_some());
        assert_eq!(context.trace().to_string(), parent);
    }

    #[tokio::test]
    async fn what_runs_in_the_scope_sees_the_call() {
        assert!(CallContext::current().is_none());
        let context = Arc::new(context(&[("x-request-id", "seven")]));
        let seen = context.scope(async {
            tokio::task::yield_now().await;
            CallContext::current().map(|current| current.request_id().to_owned())
        });
        assert_eq!(seen.await.as_deref(), Some("seven"));
    }
}
