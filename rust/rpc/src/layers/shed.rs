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
    ending::{Ended, Ending},
    refuse::Answer,
};
use crate::{CallContext, failure, method::Known};

/// A call takes milliseconds: a quarter of a second later there is room, and the
/// wait of a reader is hardly felt.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// The layer around `S`; see the [module](self).
#[derive(Clone)]
pub struct Shed<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> Shed<S> {
    pub(crate) fn new(inner: S, limits: Arc<Limits>) -> Self {
        Self { inner, limits }
    }
}

impl<S, B> Service<Request<Body>> for Shed<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: Default,
{
    type Response = Response<Ended<B, Place>>;
    type Error = Infallible;
    type Future = Ended<Answer<S::Future>, Place>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let known = request.extensions().get::<Arc<CallContext>>();
        let known = known.map(|call| call.known());
        match Place::take(&self.limits, known) {
            Ok(place) => {
                let inner = self.inner.call(request);
                Ended::new(Answer::Inner { inner }, place)
            }
            Err(status) => Ended::new(Answer::refused(status), Place(None)),
        }
    }
}

/// How many may be in flight, and how many are.
pub(crate) struct Limits {
    calls: Limit,
    streams: Limit,
}

struct Limit {
    most: usize,
    taken: AtomicUsize,
}

impl Limits {
    pub(crate) fn new(calls: usize, streams: usize) -> Self {
        let limit = |most| Limit {
            most,
            taken: AtomicUsize::new(0),
        };
        Self {
            calls: limit(calls),
            streams: limit(streams),
        }
    }

    fn of(&self, method: &Known) -> &Limit {
        match method.server_streaming {
            true => &self.streams,
            false => &self.calls,
        }
    }
}

/// A place among the calls in flight, given back when it is dropped.
pub struct Place(Option<(Arc<Limits>, &'static Known)>);

impl Place {
    fn take(limits: &Arc<Limits>, method: Option<&'static Known>) -> Result<Self, Status> {
        let Some(method) = method.filter(|method| !method.housekeeping) else {
            return Ok(Self(None));
        };
        // Relaxed: the number guards nothing but itself.
        let taken = limits.of(method).taken.fetch_add(1, Ordering::Relaxed);
        let place = Self(Some((Arc::clone(limits), method)));
        if taken < limits.of(method).most {
            return Ok(place);
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

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((limits, method)) = &self.0 {
            limits.of(method).taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The end of the call drops the place; there is nothing else to do.
impl Ending for Place {
    fn ended(&self, _: Code) {}
}
