//! Drain: ends open server streams with UNAVAILABLE after the shutdown of the process
//! has begun and a grace period has passed, because most would never end by themselves.
//!
//! Other calls can finish; the server limits how long it waits for them. A stream can
//! still send messages during the grace period, and its client can resume it on another
//! server.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tokio::sync::watch;
use tonic::{Status, body::Body};
use tower::Service;

use super::abort::{AbortSignal, Abortable};
use crate::CallContext;

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct Drain<S> {
    inner: S,
    /// Shared, because cloning a receiver costs two more atomic operations for each call.
    draining: Arc<watch::Receiver<bool>>,
    grace: Duration,
}

impl<S> Drain<S> {
    pub(crate) fn new(inner: S, draining: watch::Receiver<bool>, grace: Duration) -> Self {
        Self {
            inner,
            draining: Arc::new(draining),
            grace,
        }
    }

    fn abort_signal(&self) -> AbortSignal {
        let mut draining = watch::Receiver::clone(&self.draining);
        let grace = self.grace;
        Box::pin(async move {
            if draining.wait_for(|draining| *draining).await.is_err() {
                // The router was dropped, and with it the sender; only in-process
                // channels remain, which no shutdown affects.
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(grace).await;
            Status::unavailable("the server is shutting down; call again")
        })
    }
}

impl<S, B> Service<Request<Body>> for Drain<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Abortable<B>>;
    type Error = Infallible;
    type Future = Abortable<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<CallContext>>();
        let server_streaming = call.is_some_and(|call| call.method_info().server_streaming);
        let abort_signal = server_streaming.then(|| self.abort_signal());
        Abortable::new(self.inner.call(request), abort_signal)
    }
}
