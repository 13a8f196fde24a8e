//! Fault injection: makes calls wait, fail, lose their connection or stay unanswered, as the
//! operator has set it (see [`faults`](crate::Faults)).
//!
//! A fault has the place of a handler: a call that waits or is never answered holds its permit,
//! so that faults prove the deadlines, limits, retries and circuit breakers of callers. The
//! message of an affected call is not decoded, unless it waits. Faults are not injected into
//! the body of a response, and not into the pages of the shop.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body, codegen::BoxFuture};
use tower::Service;

use super::response_future::ResponseFuture;
use crate::{
    CallContext,
    accept::HangUp,
    faults::{Effect, Faults},
    method::MethodInfo,
};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct InjectFaults<S> {
    inner: S,
    faults: Option<Faults>,
}

impl<S> InjectFaults<S> {
    /// With `None` it does nothing.
    pub(crate) fn new(inner: S, faults: Option<Faults>) -> Self {
        Self { inner, faults }
    }

    fn next_effect(&self, request: &Request<Body>) -> Option<Effect> {
        let faults = self.faults.as_ref()?;
        let method = request
            .extensions()
            .get::<Arc<CallContext>>()?
            .method_info();
        let effect = faults.next_effect(method, || rand::random_range(0..100))?;
        count(method, &effect);
        Some(effect)
    }
}

fn count(method: &'static MethodInfo, effect: &Effect) {
    metrics::counter!(
        "grpc_server_injected_faults_total",
        "grpc_service" => method.service,
        "grpc_method" => method.name,
        "effect" => effect.name(),
    )
    .increment(1);
}

/// A time from `delay` to `delay + jitter`.
fn random_delay(delay: Duration, jitter: Duration) -> Duration {
    delay + jitter.mul_f64(rand::random_range(0.0..=1.0))
}

impl<S, B> Service<Request<Body>> for InjectFaults<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Default,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = FaultFuture<S::Future, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.next_effect(&request) {
            None => FaultFuture::Unaffected {
                inner: ResponseFuture::Inner {
                    inner: self.inner.call(request),
                },
            },
            Some(Effect::Latency { delay, jitter }) => {
                // Every inner layer is always ready, so the clone is too.
                let mut inner = self.inner.clone();
                let delay = random_delay(delay, jitter);
                FaultFuture::Delayed {
                    response: Box::pin(async move {
                        tokio::time::sleep(delay).await;
                        inner.call(request).await
                    }),
                }
            }
            Some(Effect::Error { code }) => {
                FaultFuture::failed(Status::new(code, "a fault was injected into this call"))
            }
            Some(Effect::HangUp) => match request.extensions().get::<HangUp>() {
                Some(connection) => {
                    connection.hang_up();
                    FaultFuture::Unanswered
                }
                None => FaultFuture::failed(Status::unavailable(
                    "the connection was closed by a fault that was injected",
                )),
            },
            Some(Effect::BlackHole) => FaultFuture::Unanswered,
        }
    }
}

pin_project! {
    /// The future of a call, with or without a fault.
    #[project = FaultFutureProjection]
    pub enum FaultFuture<F, B> {
        Unaffected { #[pin] inner: ResponseFuture<F> },
        Delayed { response: BoxFuture<Response<B>, Infallible> },
        // It ends when an outer layer or the end of its connection drops it.
        Unanswered,
    }
}

impl<F, B> FaultFuture<F, B> {
    fn failed(status: Status) -> Self {
        let inner = ResponseFuture::refused(status);
        Self::Unaffected { inner }
    }
}

impl<F, B: Default> Future for FaultFuture<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            FaultFutureProjection::Unaffected { inner } => inner.poll(context),
            FaultFutureProjection::Delayed { response } => response.as_mut().poll(context),
            FaultFutureProjection::Unanswered => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_is_random_within_its_jitter() {
        let (delay, jitter) = (Duration::from_millis(100), Duration::from_millis(50));
        let delays: Vec<_> = std::iter::repeat_with(|| random_delay(delay, jitter))
            .take(200)
            .collect();
        assert!(
            delays
                .iter()
                .all(|it| (delay..=delay + jitter).contains(it))
        );
        let (shortest, longest) = (delays.iter().min(), delays.iter().max());
        assert!(shortest < Some(&(delay + jitter / 4)));
        assert!(longest > Some(&(delay + jitter * 3 / 4)));
        assert_eq!(random_delay(delay, Duration::ZERO), delay);
    }
}
