//! What happens on one connection: its requests, and whether the transport takes their
//! answers.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;

use super::{ConnectionOptions, IncomingBody, limits::Slot, unread_answers};

/// Counts the requests of one connection.
pub(super) struct Activity {
    slot: Slot,
    http2: AtomicBool,
    /// Requests in flight.
    active: AtomicUsize,
    /// How many requests have begun or ended.
    events: AtomicU64,
}

impl Activity {
    pub fn new(slot: Slot) -> Self {
        Self {
            slot,
            http2: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            events: AtomicU64::new(0),
        }
    }

    fn begin<B>(self: &Arc<Self>, request: &Request<B>) -> ActiveRequest {
        if self.events.fetch_add(1, Relaxed) == 0 {
            self.http2
                .store(request.version() == Version::HTTP_2, Relaxed);
            self.slot.has_sent_request();
        }
        self.active.fetch_add(1, Relaxed);
        ActiveRequest(Arc::clone(self))
    }

    /// Completes when the connection has been without requests for too long. It looks only
    /// once in the time limit, so that a request costs no timer.
    pub async fn idle_too_long(&self, options: &ConnectionOptions) {
        loop {
            let events = self.events.load(Relaxed);
            let (reason, limit) = self.idle_limit(events, options);
            tokio::time::sleep(limit).await;
            if self.active.load(Relaxed) == 0 && self.events.load(Relaxed) == events {
                self.count_closed(reason);
                return;
            }
        }
    }

    /// Counts the end of the connection by the server.
    pub fn count_closed(&self, reason: &'static str) {
        self.slot.count_closed(reason);
    }

    /// Counts a client certificate that is not accepted.
    pub fn count_refused_certificate(&self, reason: &'static str) {
        self.slot.count_refused_certificate(reason);
    }

    fn idle_limit(&self, events: u64, options: &ConnectionOptions) -> (&'static str, Duration) {
        if events == 0 {
            ("no_request", options.first_request_timeout)
        } else if self.http2.load(Relaxed) {
            ("idle", options.http2_idle_timeout)
        } else {
            ("idle", options.http1_idle_timeout)
        }
    }
}

/// A request in flight, until its answer has been sent or dropped.
struct ActiveRequest(Arc<Activity>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
        self.0.events.fetch_add(1, Relaxed);
    }
}

/// The service of one connection, whose requests are counted.
pub(super) struct Tracked<S> {
    inner: S,
    activity: Arc<Activity>,
}

impl<S> Tracked<S> {
    pub fn new(inner: S, activity: Arc<Activity>) -> Self {
        Self { inner, activity }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Tracked<S>
where
    S: hyper::service::Service<Request<IncomingBody>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<TrackedResponse<B>>;
    type Error = Infallible;
    type Future = TrackedResponse<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let active = self.activity.begin(&request);
        TrackedResponse {
            inner: self.inner.call(IncomingBody::of(request)),
            active: Some(active),
        }
    }
}

pin_project! {
    /// A future, and then the body of its response.
    pub(super) struct TrackedResponse<T> {
        #[pin]
        inner: T,
        active: Option<ActiveRequest>,
    }
}

impl<F, B> Future for TrackedResponse<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<TrackedResponse<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match ready!(this.inner.poll(context)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let active = this.active.take();
        Poll::Ready(Ok(response.map(|inner| TrackedResponse { inner, active })))
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for TrackedResponse<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = self.project().inner.poll_frame(context);
        unread_answers::body_was_polled(frame.is_ready());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
