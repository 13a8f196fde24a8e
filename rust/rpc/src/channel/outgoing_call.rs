//! Notes calls to other processes that fail or are slow: their servers may not know of them.

use http::{HeaderValue, Request, Response};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};

use super::retry::failure_status;
use crate::{
    TraceContext,
    context::{REQUEST_ID, TRACEPARENT},
    method::MethodInfo,
    notable_calls,
};

/// A call, from its beginning to the headers of its response.
pub(super) struct OutgoingCall {
    method: &'static MethodInfo,
    started: Instant,
    request_id: Option<HeaderValue>,
    traceparent: Option<HeaderValue>,
}

impl OutgoingCall {
    pub(super) fn new(request: &Request<Body>, method: &'static MethodInfo) -> Self {
        let headers = request.headers();
        Self {
            method,
            started: Instant::now(),
            request_id: headers.get(&REQUEST_ID).cloned(),
            traceparent: headers.get(&TRACEPARENT).cloned(),
        }
    }

    pub(super) fn ended(self, outcome: &Result<Response<Body>, Status>, address: &str) {
        let code = match outcome {
            Ok(response) => failure_status(response).map_or(Code::Ok, |status| status.code()),
            Err(status) => status.code(),
        };
        let latency = self.started.elapsed();
        if !notable_calls::is_notable(self.method, code, latency) {
            return;
        }
        let request_id = self.request_id.as_ref();
        let request_id = request_id.and_then(|id| id.to_str().ok()).unwrap_or("");
        let trace = self.traceparent.as_ref();
        // Without a trace of its own, the call has begun one at its server.
        let trace = trace.and_then(|value| TraceContext::parse(value.as_bytes()));
        notable_calls::record(self.method, code, latency, request_id, trace, Some(address));
    }
}
