//! Metrics by the names of go-grpc-prometheus, so that dashboards made for it fit:
//! `grpc_server_started_total`, `grpc_server_handled_total` and the histogram
//! `grpc_server_handling_seconds`, labelled `grpc_service`, `grpc_method`,
//! `grpc_type` and, for handled calls, `grpc_code`.
//!
//! A stream is handled when it ends, and its seconds are all of its life. Paths
//! that nobody declared share the service `unknown`. Bytes and messages are not
//! counted, and neither are calls that HTTP or gRPC-Web refused. A series exists
//! from its first call on.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use http::{Request, Response};
use metrics::{Counter, Histogram};
use tonic::{Code, body::Body};
use tower::Service;

use super::ending::{Ended, Ending};
use crate::{
    CallContext,
    method::{self, Known},
};

/// The layer around `S`; see the [module](self).
#[derive(Clone)]
pub struct Measure<S> {
    inner: S,
    table: Arc<Table>,
}

impl<S> Measure<S> {
    pub(crate) fn new(inner: S, table: Arc<Table>) -> Self {
        Self { inner, table }
    }
}

impl<S, B> Service<Request<Body>> for Measure<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Ended<B, Stopwatch>>;
    type Error = Infallible;
    type Future = Ended<S::Future, Stopwatch>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let stopwatch = Stopwatch {
            call: request.extensions().get().cloned(),
            table: Arc::clone(&self.table),
        };
        if let Some(call) = &stopwatch.call {
            self.table.row(call.known()).started.increment(1);
        }
        Ended::new(self.inner.call(request), stopwatch)
    }
}

/// Counts the end of one call.
pub struct Stopwatch {
    call: Option<Arc<CallContext>>,
    table: Arc<Table>,
}

impl Ending for Stopwatch {
    fn ended(&self, code: Code) {
        let Some(call) = &self.call else { return };
        let row = self.table.row(call.known());
        row.handled(call.known(), code).increment(1);
        row.seconds.record(call.took());
    }
}

/// The handles of all series: looked up by place, registered once. Looking a series
/// up by its labels would cost more than the rest of the layers.
pub struct Table(Vec<OnceLock<Row>>);

impl Default for Table {
    fn default() -> Self {
        Self(
            std::iter::repeat_with(OnceLock::new)
                .take(method::count())
                .collect(),
        )
    }
}

impl Table {
    fn row(&self, method: &'static Known) -> &Row {
        self.0[method.index].get_or_init(|| Row::register(method))
    }
}

struct Row {
    started: Counter,
    seconds: Histogram,
    handled: [OnceLock<Counter>; 17],
}

impl Row {
    fn register(method: &'static Known) -> Self {
        Self {
            started: metrics::counter!(
                "grpc_server_started_total",
                "grpc_service" => method.service,
                "grpc_method" => method.name,
                "grpc_type" => method.kind,
            ),
            seconds: metrics::histogram!(
                "grpc_server_handling_seconds",
                "grpc_service" => method.service,
                "grpc_method" => method.name,
                "grpc_type" => method.kind,
            ),
            handled: Default::default(),
        }
    }

    fn handled(&self, method: &'static Known, code: Code) -> &Counter {
        // A code is a number from 0 to 16.
        self.handled[code as usize].get_or_init(|| {
            metrics::counter!(
                "grpc_server_handled_total",
                "grpc_service" => method.service,
                "grpc_method" => method.name,
                "grpc_type" => method.kind,
                "grpc_code" => name(code),
            )
        })
    }
}

/// The name of a code as Go's gRPC writes it; its metrics use that.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}
