//! Serves HTTP that is not gRPC, such as the pages of the shop, within the same bounds.

use std::{
    convert::Infallible,
    net::SocketAddr,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{Either as EitherFuture, Map, Ready, ready};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use tokio::{net::TcpListener, sync::watch};
use tower::Service;

use crate::{
    Options, ServeError, ServerTls,
    accept::{self, Client, Port},
    allowed_hosts::AllowedHosts,
    tls::ClientCertificate,
};

/// The address of the client of a request: an extension of each request that
/// [`serve_http`] passes on.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// Serves a tower service, such as an axum router, until `shutdown` completes; then requests
/// in flight have [`Options::drain_timeout`]. Requests that name another host than those of
/// [`Options::allowed_hosts`] are answered with 421. `name` is the label `port` of the
/// metrics.
pub async fn serve_http<S, B>(
    listener: TcpListener,
    name: &'static str,
    service: S,
    options: &Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let bound = listener.local_addr().map_err(ServeError::Accept)?;
    let allowed_hosts = AllowedHosts::new(bound, &options.allowed_hosts);
    let port = Port {
        listener,
        name,
        options: options.clone(),
    };
    let tls = options.tls.as_ref();
    let requires_certificates = tls.is_some_and(ServerTls::requires_certificates);
    let new_service = move |client: Client| {
        let certified = matches!(client.certificate, ClientCertificate::Valid(_));
        TowerToHyperService::new(HttpService {
            inner: service.clone(),
            allowed_hosts: allowed_hosts.clone(),
            peer: PeerAddress(client.address),
            refused: requires_certificates && !certified,
        })
    };
    accept::serve(port, new_service, shutdown, &watch::Sender::new(false)).await
}

/// Checks the host of each request and the certificate of its client, and adds the address of
/// its client.
#[derive(Clone)]
struct HttpService<S> {
    inner: S,
    allowed_hosts: AllowedHosts,
    peer: PeerAddress,
    /// Whether the client needs a certificate and has no valid one.
    refused: bool,
}

type Answer<B> = Result<Response<Either<B, Full<Bytes>>>, Infallible>;

impl<S, B> Service<Request<Incoming>> for HttpService<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Either<B, Full<Bytes>>>;
    type Error = Infallible;
    type Future = EitherFuture<
        Map<S::Future, fn(Result<Response<B>, Infallible>) -> Answer<B>>,
        Ready<Answer<B>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        if let Err(text) = self.allowed_hosts.allow(&request) {
            let refused = text_response(StatusCode::MISDIRECTED_REQUEST, text);
            return ready(Ok(refused.map(Either::Right))).right_future();
        }
        if self.refused {
            let text = "this port needs a valid client certificate\n";
            let refused = text_response(StatusCode::FORBIDDEN, text);
            return ready(Ok(refused.map(Either::Right))).right_future();
        }
        request.extensions_mut().insert(self.peer);
        let to_left: fn(Result<Response<B>, Infallible>) -> Answer<B> =
            |answer| answer.map(|response| response.map(Either::Left));
        self.inner.call(request).map(to_left).left_future()
    }
}

/// A response of plain text.
pub(crate) fn text_response(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let text_plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, text_plain);
    response
}
