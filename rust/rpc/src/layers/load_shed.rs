//! Load shedding: calls over the concurrency limit are refused immediately with
//! RESOURCE_EXHAUSTED and a retry delay, instead of waiting in a queue until their
//! clients have given up.
//!
//! There are two limits, for calls and for server streams, each over all connections of
//! the router and its in-process channel. A call holds its permit until its response has
//! been sent. The limits are constant: they do not adapt to the latency, and a single
//! client can hold all permits. Health and reflection are never shed, so that an
//! overloaded server is not taken for a dead one.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use contract::errors::shared as errors;
use http::{Request, Response};
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::{
    completion::{CompletionObserver, OnCompletion},
    response_future::ResponseFuture,
};
use crate::{CallContext, failure, method::MethodInfo};

/// The delay in `RetryInfo`. Calls take milliseconds, so that there is room again after
/// it, and a user hardly notices it.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct LoadShed<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> LoadShed<S> {
    pub(crate) fn new(inner: S, limits: Arc<Limits>) -> Self {
        Self { inner, limits }
    }
}

impl<S, B> Service<Request<Body>> for LoadShed<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: Default,
{
    type Response = Response<CompletionObserver<B, Permit>>;
    type Error = Infallible;
    type Future = CompletionObserver<ResponseFuture<S::Future>, Permit>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.extensions().get::<Arc<CallContext>>();
        let method = method.map(|call| call.method_info());
        match Permit::try_acquire(&self.limits, method) {
            Ok(permit) => {
                let inner = self.inner.call(request);
                CompletionObserver::new(ResponseFuture::Inner { inner }, permit)
            }
            Err(status) => CompletionObserver::new(ResponseFuture::refused(status), Permit(None)),
        }
    }
}

/// The concurrency limits of a router.
pub(crate) struct Limits {
    calls: Limit,
    streams: Limit,
}

struct Limit {
    max: usize,
    in_flight: AtomicUsize,
}

impl Limits {
    pub(crate) fn new(calls: usize, streams: usize) -> Self {
        let limit = |max| Limit {
            max,
            in_flight: AtomicUsize::new(0),
        };
        Self {
            calls: limit(calls),
            streams: limit(streams),
        }
    }

    fn of_method(&self, method: &MethodInfo) -> &Limit {
        if method.server_streaming {
            &self.streams
        } else {
            &self.calls
        }
    }
}

/// The right of one call to be in flight; dropping it releases it. `None` for a method
/// that is not limited.
pub struct Permit(Option<(Arc<Limits>, &'static MethodInfo)>);

impl Permit {
    fn try_acquire(
        limits: &Arc<Limits>,
        method: Option<&'static MethodInfo>,
    ) -> Result<Self, Status> {
        let Some(method) = method.filter(|method| !method.infrastructure) else {
            return Ok(Self(None));
        };
        // Relaxed, because no other memory depends on this counter.
        let in_flight = limits
            .of_method(method)
            .in_flight
            .fetch_add(1, Ordering::Relaxed);
        let permit = Self(Some((Arc::clone(limits), method)));
        if in_flight < limits.of_method(method).max {
            return Ok(permit);
        }
        Err(failure(
            errors::OVERLOADED,
            "the server has reached its limit of calls in flight",
        )
        .retry_after(RETRY_AFTER)
        .into_status())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((limits, method)) = &self.0 {
            limits
                .of_method(method)
                .in_flight
                .fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Completion drops the permit; nothing else needs to be done.
impl OnCompletion for Permit {
    fn on_completion(&self, _: Code) {}
}
