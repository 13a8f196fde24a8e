//! Request context: creates the [`CallContext`] of a call and adds `x-request-id` to
//! the response, and `bookstore-session` if the call has written something in the session of the
//! client.
//!
//! A request id that the client sends is kept if it is 1 to 128 visible ASCII
//! characters; nothing checks that it is unique. The context is set while the handler
//! runs and while its response stream is polled. Tasks that a handler spawns do not
//! inherit it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    CallContext, TrustedProxies,
    accept::{Client, HangUp},
    context::REQUEST_ID,
    session,
    tls::ClientCertificate,
};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct RequestContext<S> {
    inner: S,
    client: Option<Client>,
    trusted_proxies: TrustedProxies,
}

impl<S> RequestContext<S> {
    pub(crate) fn new(inner: S, trusted_proxies: TrustedProxies) -> Self {
        Self {
            inner,
            client: None,
            trusted_proxies,
        }
    }

    /// Sets the client of all calls of one connection.
    pub(crate) fn with_client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }
}

impl<S, B> Service<Request<Body>> for RequestContext<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<InContext<B>>;
    type Error = Infallible;
    type Future = InContext<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let client = self.client.as_ref();
        let peer = client.map(|client| {
            self.trusted_proxies
                .client_of(client.address, request.headers())
        });
        let call = CallContext::from_headers(request.headers(), request.uri().path(), peer);
        let call = Arc::new(call);
        let extensions = request.extensions_mut();
        extensions.insert(Arc::clone(&call));
        // A handler may pass on the extensions of its own request, but neither the certificate
        // of its client nor its connection.
        extensions.remove::<ClientCertificate>();
        extensions.remove::<HangUp>();
        match self.client.as_ref().map(|client| &client.certificate) {
            None | Some(ClientCertificate::Absent) => {}
            Some(certificate) => {
                extensions.insert(certificate.clone());
            }
        }
        if let Some(hang_up) = self
            .client
            .as_ref()
            .and_then(|client| client.hang_up.clone())
        {
            extensions.insert(hang_up);
        }
        let inner = call.enter(|| self.inner.call(request));
        InContext { inner, call }
    }
}

pin_project! {
    /// A future, and then the body of its response, polled within the context of its
    /// call.
    pub struct InContext<T> {
        #[pin]
        inner: T,
        call: Arc<CallContext>,
    }
}

impl<F, B> Future for InContext<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<InContext<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match ready!(this.call.enter(|| this.inner.poll(context))) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let request_id = this.call.request_id_header();
        response.headers_mut().insert(&REQUEST_ID, request_id);
        if let Some(session) = this.call.session() {
            session::add_to_response(response.headers_mut(), session);
        }
        let call = Arc::clone(this.call);
        Poll::Ready(Ok(response.map(|inner| InContext { inner, call })))
    }
}

impl<B> http_body::Body for InContext<B>
where
    B: http_body::Body<Data = Bytes, Error = Status>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        this.call.enter(|| this.inner.poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
