//! Metrics with the names of go-grpc-prometheus, so that dashboards for it can be used:
//! `grpc_server_started_total`, `grpc_server_handled_total` and the histogram
//! `grpc_server_handling_seconds`, with the labels `grpc_service`, `grpc_method`,
//! `grpc_type` and, for handled calls, `grpc_code`.
//!
//! A stream counts as handled when it ends, and its duration is its whole lifetime.
//! Unknown paths share the service `unknown`. Bytes and messages are not counted, and
//! neither are requests that HTTP or gRPC-Web refused. A series exists from its first
//! call on.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use http::{Request, Response};
use metrics::{Counter, Histogram};
use tonic::{Code, body::Body};
use tower::Service;

use super::completion::{CompletionObserver, OnCompletion};
use crate::{
    CallContext,
    code_names::code_names,
    method::{self, MethodInfo},
};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct CallMetrics<S> {
    inner: S,
    handles: Arc<MetricHandles>,
}

impl<S> CallMetrics<S> {
    pub(crate) fn new(inner: S, handles: Arc<MetricHandles>) -> Self {
        Self { inner, handles }
    }
}

impl<S, B> Service<Request<Body>> for CallMetrics<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<CompletionObserver<B, CallMeasurement>>;
    type Error = Infallible;
    type Future = CompletionObserver<S::Future, CallMeasurement>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let measurement = CallMeasurement {
            call: request.extensions().get().cloned(),
            handles: Arc::clone(&self.handles),
        };
        if let Some(call) = &measurement.call {
            self.handles
                .of_method(call.method_info())
                .started
                .increment(1);
        }
        CompletionObserver::new(self.inner.call(request), measurement)
    }
}

/// Records one call when it completes.
pub struct CallMeasurement {
    call: Option<Arc<CallContext>>,
    handles: Arc<MetricHandles>,
}

impl OnCompletion for CallMeasurement {
    fn on_completion(&self, code: Code) {
        let Some(call) = &self.call else { return };
        let metrics = self.handles.of_method(call.method_info());
        let code = call.final_code(code);
        metrics.handled(call.method_info(), code).increment(1);
        // The recorder takes the trace of an exemplar from it.
        let _span = call.attach_span();
        metrics.seconds.record(call.final_latency());
    }
}

/// The handles of all metric series, by `MethodInfo::index`, each registered once. Finding
/// a series by its labels on every call would cost more than all other layers.
pub struct MetricHandles(Vec<OnceLock<MethodMetrics>>);

impl Default for MetricHandles {
    fn default() -> Self {
        Self(
            std::iter::repeat_with(OnceLock::new)
                .take(method::count())
                .collect(),
        )
    }
}

impl MetricHandles {
    fn of_method(&self, method: &'static MethodInfo) -> &MethodMetrics {
        self.0[method.index].get_or_init(|| MethodMetrics::register(method))
    }
}

struct MethodMetrics {
    started: Counter,
    seconds: Histogram,
    handled: [OnceLock<Counter>; 17],
}

impl MethodMetrics {
    fn register(method: &'static MethodInfo) -> Self {
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

    fn handled(&self, method: &'static MethodInfo, code: Code) -> &Counter {
        // The code is a number from 0 to 16.
        self.handled[code as usize].get_or_init(|| {
            metrics::counter!(
                "grpc_server_handled_total",
                "grpc_service" => method.service,
                "grpc_method" => method.name,
                "grpc_type" => method.kind,
                "grpc_code" => code_names(code).grpc_go,
            )
        })
    }
}
