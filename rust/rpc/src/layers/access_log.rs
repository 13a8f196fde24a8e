//! The access log: one event per call, when the call has ended.
//!
//! It contains the method, the code, the latency until the last byte of the response was
//! handed over for sending, the peer, the request id and the trace id. It never contains
//! a message field or a status message, which may quote one. It does not include the
//! time on the network, and not the requests that gRPC-Web or HTTP refused.
//!
//! The level is INFO; ERROR for the codes of server errors; DEBUG for calls
//! that the client cancelled, and for health, reflection and [`BackgroundCall`]s, which are
//! made every few seconds.
//!
//! Calls that failed by fault of the server, and slow ones, are also kept for the operator; see
//! [`notable_calls`](crate::notable_calls()).

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tonic::{Code, body::Body};
use tower::Service;

use super::completion::{CompletionObserver, OnCompletion};
use crate::{BackgroundCall, CallContext, code_names::code_names, notable_calls};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct AccessLog<S> {
    inner: S,
}

impl<S> AccessLog<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<Body>> for AccessLog<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<CompletionObserver<B, AccessLogEntry>>;
    type Error = Infallible;
    type Future = CompletionObserver<S::Future, AccessLogEntry>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let entry = AccessLogEntry {
            call: request.extensions().get().cloned(),
            in_background: request.extensions().get::<BackgroundCall>().is_some(),
        };
        CompletionObserver::new(self.inner.call(request), entry)
    }
}

/// Writes the log event of one call when it completes.
pub struct AccessLogEntry {
    call: Option<Arc<CallContext>>,
    in_background: bool,
}

macro_rules! log_call {
    ($level:ident, $call:expr, $code:expr) => {
        tracing::event!(
            target: "rpc",
            tracing::Level::$level,
            method = $call.method(),
            code = code_names($code).specification,
            latency_ms = $call.final_latency().as_micros() as f64 / 1000.0,
            peer = $call.peer().map(tracing::field::display),
            request_id = $call.request_id(),
            trace_id = %format_args!("{:032x}", $call.trace().trace_id()),
            "call"
        )
    };
}

impl OnCompletion for AccessLogEntry {
    fn on_completion(&self, code: Code) {
        let Some(call) = &self.call else { return };
        let code = call.final_code(code);
        let (method, latency) = (call.method_info(), call.final_latency());
        if notable_calls::is_notable(method, code, latency) {
            let (request_id, trace) = (call.request_id(), Some(call.trace()));
            notable_calls::record(method, code, latency, request_id, trace, None);
        }
        // The export of the log takes the trace of a record from it.
        let _span = call.attach_span();
        match code {
            Code::Cancelled => log_call!(DEBUG, call, code),
            Code::Unknown | Code::Internal | Code::DataLoss => log_call!(ERROR, call, code),
            _ if self.in_background || call.method_info().infrastructure => {
                log_call!(DEBUG, call, code)
            }
            _ => log_call!(INFO, call, code),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::HeaderMap;
    use opentelemetry::{
        Context as SpanContexts,
        trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
    };
    use tracing::{Event, Subscriber};
    use tracing_subscriber::{Layer, layer, prelude::*};

    use super::*;

    /// The traces in which events were written.
    #[derive(Clone, Default)]
    struct LoggedTraces(Arc<Mutex<Vec<TraceId>>>);

    impl<S: Subscriber> Layer<S> for LoggedTraces {
        fn on_event(&self, _: &Event<'_>, _: layer::Context<'_, S>) {
            let trace = SpanContexts::map_current(|it| it.span().span_context().trace_id());
            self.0.lock().expect("nobody panics").push(trace);
        }
    }

    #[test]
    fn call_that_its_client_has_cancelled_is_logged_within_its_span() {
        let trace = TraceId::from(11);
        let span = SpanContext::new(
            trace,
            SpanId::from(7),
            TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        );
        let path = "/payment.PaymentService/ProcessPayment";
        let call = CallContext::from_headers(&HeaderMap::new(), path, None)
            .with_span(SpanContexts::new().with_remote_span_context(span));
        let entry = AccessLogEntry {
            call: Some(Arc::new(call)),
            in_background: false,
        };
        let logged = LoggedTraces::default();
        let log = tracing_subscriber::registry().with(logged.clone());
        tracing::subscriber::with_default(log, || {
            // As when the future of the call is dropped.
            entry.on_completion(Code::Cancelled);
        });
        assert_eq!(*logged.0.lock().expect("nobody panics"), [trace]);
    }
}
