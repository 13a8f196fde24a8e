//! The API over HTTP on another port than that of gRPC: the same translations, whose calls go to
//! the services by their channels.
//!
//! The process makes the calls for its clients, so it must not lend them its own identity: the
//! callee sees a relayed call, and accepts only the credentials in its headers. For the limits
//! the callee is told which client it is.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use tonic::{Status, body::Body};
use tower::Service;

use super::{Connect, ConnectFuture, ConnectService, Messages};
use crate::{
    CallContext, Channel, Options, PeerAddress,
    peer::{CLIENT_ADDRESS, client_address_header},
    routes::service_name,
    service_credential::RELAYED,
};

/// A service for HTTP requests that calls the methods of the contract in the Connect protocol
/// and by the `google.api.http` annotations. Each of its requests needs the extension
/// [`PeerAddress`], which [`serve_http`](crate::serve_http) adds.
#[derive(Clone)]
pub struct HttpApi(ConnectService<Relay>);

impl HttpApi {
    /// Calls the services by these channels, each named as in the contract:
    /// `bookstore.cart.v1.CartService`. `base` is the path under which the API is served, which
    /// its OpenAPI document names: `/api`.
    pub fn new(
        channels: HashMap<&'static str, Channel>,
        options: &Options,
        base: &'static str,
    ) -> Self {
        let connect = Connect::new(Messages::new(&[]), options.max_message_bytes, base);
        let relay = Relay {
            channels: Arc::new(channels),
        };
        Self(connect.layer(relay))
    }
}

impl<B> Service<Request<B>> for HttpApi
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ConnectFuture<BoxFuture<'static, Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0
            .call(request.map(|body| Body::new(body.map_err(|error| incomplete(&error)))))
    }
}

/// The status of a request that its client has cancelled, or that is too slow.
fn incomplete(error: &dyn std::fmt::Display) -> Status {
    if let Some(call) = CallContext::current() {
        call.set_cancelled();
    }
    tracing::debug!(%error, "a request did not arrive completely");
    Status::cancelled("the request did not arrive completely")
}

/// Passes a call on to the channel of its service.
#[derive(Clone)]
struct Relay {
    channels: Arc<HashMap<&'static str, Channel>>,
}

impl Service<Request<Body>> for Relay {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let channel = self.channels.get(service_name(request.uri().path()));
        let Some(channel) = channel else {
            let status = Status::unimplemented("the API has no such method");
            return std::future::ready(Ok(status.into_http())).boxed();
        };
        let peer = request.extensions().get::<PeerAddress>().copied();
        let headers = request.headers_mut();
        // The cookies of the pages are for the pages.
        headers.remove(header::COOKIE);
        headers.insert(&RELAYED.0, RELAYED.1.clone());
        headers.remove(CLIENT_ADDRESS);
        if let Some(PeerAddress(peer)) = peer
            && let Some((name, value)) = client_address_header(peer.ip())
        {
            headers.insert(name, value);
        }
        let answer = channel.clone().call(request);
        let answer = answer.map(|answer| Ok(answer.unwrap_or_else(|status| status.into_http())));
        answer.boxed()
    }
}
