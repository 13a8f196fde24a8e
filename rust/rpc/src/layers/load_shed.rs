//! Load shedding: more calls than the server takes are refused at once with
//! RESOURCE_EXHAUSTED and a delay, instead of waiting in a queue until their
//! callers have given up.
//!
//! Two limits, for calls and for server streams, each over all connections of the
//! router and its in-process channel. A call holds its place until its response
//! has been sent. The limits are constants: they do not follow the latency, and one
//! caller can use up all places. Health and reflection are never shed, so that an
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

use http::{Request, Response};
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::{
    completion::{CompletionObserver, OnCompletion},
    response_future::ResponseFuture,
};
use crate::{CallContext, failure, method::MethodInfo};

/// A call takes milliseconds: a quarter of a second later there is room, and the
/// wait of a reader is hardly felt.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// The layer around `S`; see the [module](self).
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

/// How many may be in flight, and how many are.
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
        match method.server_streaming {
            true => &self.streams,
            false => &self.calls,
        }
    }
}

/// A place among the calls in flight, given back when it is dropped.
pub struct Permit(Option<(Arc<Limits>, &'static MethodInfo)>);

impl Permit {
    fn try_acquire(
        limits: &Arc<Limits>,
        method: Option<&'static MethodInfo>,
    ) -> Result<Self, Status> {
        let Some(method) = method.filter(|method| !method.infrastructure) else {
            return Ok(Self(None));
        };
        // Relaxed: the number guards nothing but itself.
        let in_flight = limits
            .of_method(method)
            .in_flight
            .fetch_add(1, Ordering::Relaxed);
        let permit = Self(Some((Arc::clone(limits), method)));
        if in_flight < limits.of_method(method).max {
            return Ok(permit);
        }
        Err(failure(
            Code::ResourceExhausted,
            "OVERLOADED",
            "the server has as many calls in flight as it takes",
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

/// The end of the call drops the place; there is nothing else to do.
impl OnCompletion for Permit {
    fn on_completion(&self, _: Code) {}
}
