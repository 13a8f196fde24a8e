//! Serves HTTP that is not gRPC, such as the pages of the shop, within the same bounds.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::future::{
    BoxFuture, Either as EitherFuture, FutureExt as _, OptionFuture, Ready, ready,
};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper_util::service::TowerToHyperService;
use tokio::{net::TcpListener, sync::watch};
use tower::Service;

use crate::{
    Options, RequestBody, ServeError, ServerTls,
    accept::{self, Client, IncomingBody, Port},
    allowed_hosts::AllowedHosts,
    layers::admission::PeerShares,
    rate_limits::{CallClass, RatedCaller},
    tls::ClientCertificate,
};

/// The address of the client of a request, as a trusted proxy tells it, or of the proxy: an
/// extension of each request that [`serve_http`] passes on.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// Makes the answer to a request that is over its rate, with the time after which the client may
/// send another. [`serve_http`] adds the header `Retry-After`.
pub type TooManyRequests = fn(Duration) -> Response<Bytes>;

/// Serves a tower service, such as an axum router, until `shutdown` completes; then requests
/// in flight have [`Options::drain_timeout`]. Requests that name another host than those of
/// [`Options::allowed_hosts`] are answered with 421, and those over the rate of their client
/// with 429. `name` is the label `port` of the metrics.
pub async fn serve_http<S, B>(
    listener: TcpListener,
    name: &'static str,
    service: S,
    options: &Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>
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
    let limits = Arc::new(HttpLimits {
        options: options.clone(),
        shares: PeerShares::of(options.max_http_requests_per_peer),
        allowed_hosts,
    });
    let new_service = move |client: Client| {
        let certified = matches!(client.certificate, ClientCertificate::Valid(_));
        TowerToHyperService::new(HttpService {
            inner: service.clone(),
            limits: Arc::clone(&limits),
            peer: client.address,
            refused: requires_certificates && !certified,
        })
    };
    accept::serve(port, new_service, shutdown, &watch::Sender::new(false)).await
}

/// How long a request may wait while others of its client are handled.
const MAX_QUEUE_TIME: Duration = Duration::from_secs(10);

/// What all connections of a port check.
struct HttpLimits {
    options: Options,
    shares: Arc<PeerShares>,
    allowed_hosts: AllowedHosts,
}

impl HttpLimits {
    /// Counts a request; the error is the time to wait, if it is over the rate of its client.
    fn count<B>(&self, client: SocketAddr, request: &Request<B>) -> Result<(), Duration> {
        let rates = &self.options.rate_limits;
        if rates.is_exempt(client.ip()) {
            return Ok(());
        }
        let class = CallClass::of_request(request.method());
        rates.check(RatedCaller::http(client.ip()), class)
    }

    fn too_many_requests(&self, retry_after: Duration) -> Response<Bytes> {
        let mut answer = match self.options.too_many_requests {
            Some(make) => make(retry_after),
            None => text_response(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests: wait for the time that Retry-After gives\n",
            ),
        };
        let seconds = retry_after.as_millis().div_ceil(1000).max(1);
        if let Ok(seconds) = HeaderValue::from_str(&seconds.to_string()) {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        answer
    }

    /// Passes a request on when its client has a permit, and releases the permit when the
    /// handler has answered.
    async fn handle<S, B>(
        self: Arc<Self>,
        mut service: S,
        request: Request<RequestBody>,
        client: SocketAddr,
    ) -> Answer<B>
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    {
        let is_limited = !self.options.rate_limits.is_exempt(client.ip());
        let turn = OptionFuture::from(is_limited.then(|| self.shares.entry(client.ip()).take()));
        // Ready at once unless the client has many requests.
        let Ok(_permit) = tokio::time::timeout(MAX_QUEUE_TIME, turn).await else {
            let answer = self.too_many_requests(MAX_QUEUE_TIME);
            return Ok(answer.map(to_right));
        };
        let answer = service.call(request).await?;
        Ok(answer.map(Either::Left))
    }
}

fn to_right<B>(text: Bytes) -> Either<B, Full<Bytes>> {
    Either::Right(Full::new(text))
}

/// Checks the host of each request, the certificate of its client and the rate, and adds the
/// address of its client.
#[derive(Clone)]
struct HttpService<S> {
    inner: S,
    limits: Arc<HttpLimits>,
    peer: SocketAddr,
    /// Whether the client needs a certificate and has no valid one.
    refused: bool,
}

type Answer<B> = Result<Response<Either<B, Full<Bytes>>>, Infallible>;

impl<S, B> Service<Request<IncomingBody>> for HttpService<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Either<B, Full<Bytes>>>;
    type Error = Infallible;
    type Future = EitherFuture<BoxFuture<'static, Answer<B>>, Ready<Answer<B>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<IncomingBody>) -> Self::Future {
        let refuse = |answer: Response<Bytes>| ready(Ok(answer.map(to_right))).right_future();
        let options = &self.limits.options;
        let client = options
            .trusted_proxies
            .client_of(self.peer, request.headers());
        if let Err(wait) = self.limits.count(client, &request) {
            return refuse(self.limits.too_many_requests(wait));
        }
        if let Err(text) = self.limits.allowed_hosts.allow(&request) {
            return refuse(text_response(StatusCode::MISDIRECTED_REQUEST, text));
        }
        if self.refused {
            let text = "this port needs a valid client certificate\n";
            return refuse(text_response(StatusCode::FORBIDDEN, text));
        }
        let mut request = request.map(|body| RequestBody::new(body, options.request_body_timeout));
        request.extensions_mut().insert(PeerAddress(client));
        let limits = Arc::clone(&self.limits);
        // A router is always ready, so the clone is too.
        let handling = limits.handle(self.inner.clone(), request, client);
        handling.boxed().left_future()
    }
}

/// A response of plain text.
pub(crate) fn text_response(status: StatusCode, text: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let text_plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, text_plain);
    response
}
