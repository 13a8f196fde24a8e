//! Ends the OpenTelemetry span of a call when the call has ended, with its code. The span begins
//! with the [`CallContext`], which all layers need.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use opentelemetry::trace::SpanKind;
use tonic::{Code, body::Body};
use tower::Service;

use super::completion::{CompletionObserver, OnCompletion};
use crate::{CallContext, spans::grpc::CallSpan};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct ServerSpan<S> {
    inner: S,
}

impl<S> ServerSpan<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<Body>> for ServerSpan<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<CompletionObserver<B, EndOfCall>>;
    type Error = Infallible;
    type Future = CompletionObserver<S::Future, EndOfCall>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call: Option<&Arc<CallContext>> = request.extensions().get();
        let end = EndOfCall(call.filter(|call| call.span().is_some()).cloned());
        CompletionObserver::new(self.inner.call(request), end)
    }
}

/// Ends the span of one call, if it has one.
pub struct EndOfCall(Option<Arc<CallContext>>);

impl OnCompletion for EndOfCall {
    fn on_completion(&self, code: Code) {
        let Some(call) = &self.0 else { return };
        if let Some(context) = call.span() {
            let span = CallSpan {
                context: context.clone(),
                kind: SpanKind::Server,
            };
            span.on_completion(call.final_code(code));
        }
    }
}
