//! Admission: a call gets a permit when its request has arrived, and is refused with
//! RESOURCE_EXHAUSTED and a retry delay when there is none in time.
//!
//! A permit is for work, not for waiting on a client. It is taken after the first
//! message has been received (see `first_message`) and released when the handler has
//! returned its response, or for a server stream at the end of the stream. So a client
//! that sends half a message, or never reads its answer, holds no permit.
//!
//! Each service has its own permits, for reads, for writes and for server streams, so that a
//! slow service does not use those of the others. Their number adapts to how long calls take. A
//! peer gets at most a share of them, and calls within the process have a reserve; see `limits`.
//!
//! Health and reflection are never refused, so that an overloaded server is not taken
//! for a dead one. This is the only layer that boxes every future, because it waits.

mod adaptive_limit;
mod first_message;
mod limit_metrics;
mod limits;
mod peer_shares;
mod permits;

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tonic::{Code, Status, body::Body, codegen::BoxFuture};
use tower::Service;

pub use self::limits::Permit;
pub(crate) use self::{
    limits::Limits,
    peer_shares::{PeerEntry, PeerShares},
    permits::HeldPermit,
};
use super::completion::{CompletionObserver, OnCompletion};
use crate::{CallContext, authentication::FirstMessage};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct Admission<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> Admission<S> {
    pub(crate) fn new(inner: S, limits: Arc<Limits>) -> Self {
        Self { inner, limits }
    }
}

impl<S, B> Service<Request<Body>> for Admission<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Default + Send,
{
    type Response = Response<CompletionObserver<B, Permit>>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<CallContext>>().cloned();
        // Every inner layer is always ready, so the clone is too.
        let mut inner = self.inner.clone();
        let limits = Arc::clone(&self.limits);
        Box::pin(async move {
            let Some(call) = call.filter(|call| needs_permit(call)) else {
                let response = inner.call(request).await?;
                return Ok(response.map(|body| CompletionObserver::new(body, Permit::unlimited())));
            };
            let (request, mut permit) = match admit(request, &call, &limits).await {
                Ok(admitted) => admitted,
                Err(status) => return Ok(refused(status)),
            };
            let response = inner.call(request).await?;
            if !call.method_info().server_streaming {
                permit.answered(response.headers());
                permit = Permit::unlimited();
            }
            Ok(response.map(|body| CompletionObserver::new(body, permit)))
        })
    }
}

/// Whether the call does work. Unknown methods are only answered with UNIMPLEMENTED.
fn needs_permit(call: &CallContext) -> bool {
    let method = call.method_info();
    !method.infrastructure && !method.is_unknown()
}

async fn admit(
    request: Request<Body>,
    call: &CallContext,
    limits: &Arc<Limits>,
) -> Result<(Request<Body>, Permit), Status> {
    let (mut parts, body) = request.into_parts();
    let method = call.method_info();
    let received = first_message::receive(body, method, limits.receive_timeout()).await?;
    // A nested call may have the extensions of the request that caused it.
    parts.extensions.remove::<FirstMessage>();
    if let Some(message) = received.message {
        parts.extensions.insert(message);
    }
    let permit = limits.acquire(call, received.is_complete).await?;
    Ok((Request::from_parts(parts, received.body), permit))
}

fn refused<B: Default>(status: Status) -> Response<CompletionObserver<B, Permit>> {
    status
        .into_http::<B>()
        .map(|body| CompletionObserver::new(body, Permit::unlimited()))
}

/// Completion drops the permit; nothing else needs to be done.
impl OnCompletion for Permit {
    fn on_completion(&self, _: Code) {}
}
