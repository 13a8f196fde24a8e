//! The access log: one event a call, when it has ended.
//!
//! It names the method, the code, the latency until the last byte of the response
//! was handed over, the peer, the request id and the trace; never a field of a
//! message, and never a message of a status, which may quote one. It does not see
//! how long the network took, nor calls that gRPC-Web or HTTP refused.
//!
//! INFO; ERROR for codes that say that we are at fault; DEBUG for health and
//! reflection, which come every few seconds for ever.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tonic::{Code, body::Body};
use tower::Service;

use super::ending::{Ended, Ending};
use crate::CallContext;

/// The layer around `S`; see the [module](self).
#[derive(Clone)]
pub struct Log<S> {
    inner: S,
}

impl<S> Log<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<Body>> for Log<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Ended<B, Line>>;
    type Error = Infallible;
    type Future = Ended<S::Future, Line>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let line = Line(request.extensions().get().cloned());
        Ended::new(self.inner.call(request), line)
    }
}

/// The line to be written.
pub struct Line(Option<Arc<CallContext>>);

macro_rules! line {
    ($level:ident, $call:expr, $code:expr) => {
        tracing::event!(
            target: "rpc",
            tracing::Level::$level,
            method = $call.method(),
            code = name($code),
            latency_ms = $call.took().as_micros() as f64 / 1000.0,
            peer = $call.peer().map(tracing::field::display),
            request_id = $call.request_id(),
            trace_id = %format_args!("{:032x}", $call.trace().trace_id()),
            "call"
        )
    };
}

impl Ending for Line {
    fn ended(&self, code: Code) {
        let Some(call) = &self.0 else { return };
        match code {
            Code::Unknown | Code::Internal | Code::DataLoss => line!(ERROR, call, code),
            _ if call.known().housekeeping => line!(DEBUG, call, code),
            _ => line!(INFO, call, code),
        }
    }
}

/// The name of a code as the gRPC specification writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
