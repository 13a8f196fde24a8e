//! The TCP server: it accepts connections and drains them at shutdown.
//!
//! It uses hyper and not tonic's `Server`, for three reasons: tonic's own timer
//! around every call races with our deadline layer, its accept loop spins when
//! the process has no file descriptor left, and its drain has no time limit.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use futures::FutureExt as _;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use pin_project_lite::pin_project;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::Instant,
};
use tonic::{Status, body::Body};
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{
    Layer, Service,
    util::{Either, option_layer},
};
use tower_http::cors::{Any, Cors, CorsLayer};

use crate::{
    CallContext, Options, batched_writes::batch_writes, connection_executor::ConnectionExecutor,
    layers::Stack,
};

/// How long the accept loop waits when the process has no file descriptor left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Without a failure for this long, the next one is a new incident.
const INCIDENT_END: Duration = Duration::from_secs(60);

/// The error of [`Router::serve`](crate::Router::serve): the server stopped before its
/// shutdown was requested.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Accepting failed with an error that will not go away by itself.
    #[error("cannot accept connections any more: {0}")]
    Accept(#[source] io::Error),
}

/// The steps of a shutdown: `not_serving` at once, `draining` after the lame-duck time.
pub(crate) struct Shutdown {
    pub not_serving: watch::Sender<bool>,
    pub draining: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            not_serving: watch::Sender::new(false),
            draining: watch::Sender::new(false),
        }
    }
}

pub(crate) async fn serve(
    stack: Stack,
    options: &Options,
    listener: TcpListener,
    requested: impl Future<Output = ()>,
    steps: &Shutdown,
) -> Result<(), ServeError> {
    let cors = cors_layer(options);
    let mut connections = JoinSet::new();
    let mut exhaustion = Exhaustion::default();
    let mut drain_begins = pin!(async {
        requested.await;
        steps.not_serving.send_replace(true);
        tokio::time::sleep(options.lame_duck).await;
    });
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut drain_begins => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    handle_accept_error(error, &mut exhaustion).await?;
                    continue;
                }
            },
            // Frees the memory of finished connections.
            Some(_) = connections.join_next() => continue,
        };
        let service = ConnectionService(
            option_layer(cors.clone())
                .layer(GrpcWebLayer::new().layer(stack.clone().with_peer(peer))),
        );
        let executor = ConnectionExecutor::new();
        connections.spawn(serve_connection(
            http_builder(options, executor.clone()),
            executor,
            stream,
            service,
            steps.draining.subscribe(),
        ));
    }
    // New clients are refused at once from here on, and can try another server.
    drop(listener);
    steps.draining.send_replace(true);
    drain(connections, options.drain_timeout).await;
    Ok(())
}

async fn drain(mut connections: JoinSet<()>, timeout: Duration) {
    tracing::info!(connections = connections.len(), "draining");
    let all_finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(timeout, all_finished).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "drain timeout reached, closing connections that still have calls in flight"
        );
        connections.shutdown().await;
    }
}

/// Serves one connection until it closes or the drain has finished its calls.
async fn serve_connection(
    http: auto::Builder<ConnectionExecutor>,
    executor: ConnectionExecutor,
    stream: TcpStream,
    service: ConnectionService,
    mut draining: watch::Receiver<bool>,
) {
    // Sends small frames immediately: latency matters more than packet count.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let (stream, sender) = batch_writes(stream);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // An error means that the sender, and so the server, is gone.
    let drain = pin!(draining.wait_for(|draining| *draining));
    let mut drain = drain.map(drop).fuse();
    let mut served = None;
    let result = poll_fn(|context| {
        if drain.poll_unpin(context).is_ready() {
            connection.as_mut().graceful_shutdown();
        }
        executor.begin_turn();
        if served.is_none()
            && let Poll::Ready(result) = connection.as_mut().poll(context)
        {
            served = Some(result);
        }
        match (sender.poll_send(context), &mut served) {
            (Poll::Ready(Ok(())), served) => served.take().map_or(Poll::Pending, Poll::Ready),
            (Poll::Ready(Err(error)), _) => Poll::Ready(Err(error.into())),
            (Poll::Pending, _) => Poll::Pending,
        }
    })
    .await;
    if let Err(error) = result {
        // Debug only: clients that disconnect early are normal.
        tracing::debug!(%error, "connection ended");
    }
}

/// Ignores errors of a single connection, waits when a resource is exhausted, and
/// returns only errors of the listening socket.
async fn handle_accept_error(
    error: io::Error,
    exhaustion: &mut Exhaustion,
) -> Result<(), ServeError> {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    /// ENOMEM, ENFILE, EMFILE, ENOBUFS: temporary, until something is closed.
    const EXHAUSTED: [i32; 4] = [12, 23, 24, 105];
    match error.kind() {
        ConnectionAborted | ConnectionReset | Interrupted => Ok(()),
        _ if error
            .raw_os_error()
            .is_some_and(|code| EXHAUSTED.contains(&code)) =>
        {
            if exhaustion.is_new_incident(Instant::now()) {
                tracing::warn!(
                    %error,
                    "cannot accept connections until a resource is free; retrying"
                );
            }
            tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            Ok(())
        }
        _ => Err(ServeError::Accept(error)),
    }
}

/// The last time that a resource was exhausted, so that an incident is logged once and
/// not at every retry.
#[derive(Default)]
struct Exhaustion {
    last: Option<Instant>,
}

impl Exhaustion {
    fn is_new_incident(&mut self, now: Instant) -> bool {
        let last = self.last.replace(now);
        last.is_none_or(|last| now.duration_since(last) > INCIDENT_END)
    }
}

fn http_builder(
    options: &Options,
    executor: ConnectionExecutor,
) -> auto::Builder<ConnectionExecutor> {
    let mut builder = auto::Builder::new(executor);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.max_calls_per_connection)
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout);
    // With a timer, hyper also limits the time to receive the request headers.
    builder.http1().timer(TokioTimer::new());
    builder
}

/// The CORS rules for gRPC-Web pages of `Options::web_origins`; `None` if there are
/// none.
fn cors_layer(options: &Options) -> Option<CorsLayer> {
    const EXPOSED: [HeaderName; 4] = [
        HeaderName::from_static("grpc-status"),
        HeaderName::from_static("grpc-message"),
        HeaderName::from_static("grpc-status-details-bin"),
        HeaderName::from_static("x-request-id"),
    ];
    (!options.web_origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(options.web_origins.clone())
            .allow_methods([Method::POST])
            .allow_headers(Any)
            .expose_headers(EXPOSED)
            .max_age(Duration::from_secs(3600))
    })
}

type WebStack = GrpcWebService<Stack>;

/// The hyper service of one connection. It refuses requests that are not gRPC with an
/// HTTP status and passes the others to the gRPC-Web translation, which leaves plain
/// gRPC unchanged.
#[derive(Clone)]
struct ConnectionService(Either<Cors<WebStack>, WebStack>);

type ConnectionServiceInner = <Either<Cors<WebStack>, WebStack> as Service<Request<Body>>>::Future;

impl hyper::service::Service<Request<Incoming>> for ConnectionService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ConnectionServiceFuture;

    fn call(&self, request: Request<Incoming>) -> ConnectionServiceFuture {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_grpc = content_type.is_some_and(is_grpc_media_type);
        match *request.method() {
            // A CORS preflight request, which has no body and so no content type. The
            // CORS layer answers all of them, so that none runs a method.
            Method::OPTIONS if matches!(self.0, Either::Left(_)) => {}
            _ if !is_grpc => {
                return ConnectionServiceFuture::Refused {
                    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                };
            }
            // Without this check, GET would run a method whose request may be empty.
            Method::POST => {}
            _ => {
                return ConnectionServiceFuture::Refused {
                    status: StatusCode::METHOD_NOT_ALLOWED,
                };
            }
        }
        let request = request.map(|body| Body::new(body.map_err(client_gone)));
        let future = self.0.clone().call(request);
        ConnectionServiceFuture::Call { future }
    }
}

/// Whether this is `application/grpc` or `application/grpc-web` (or its `-text`), with
/// or without a message format such as `+proto`. Case and parameters do not matter.
fn is_grpc_media_type(content_type: &HeaderValue) -> bool {
    let value = content_type.as_bytes();
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let without_format = media_type.split(|&byte| byte == b'+').next();
    let without_format = without_format.unwrap_or_default().trim_ascii();
    [
        "application/grpc",
        "application/grpc-web",
        "application/grpc-web-text",
    ]
    .iter()
    .any(|known| without_format.eq_ignore_ascii_case(known.as_bytes()))
}

/// The status of a request that its client has reset, or whose connection was lost. The
/// body is polled within the context of its call, which then ends as CANCELLED,
/// whatever the layers and the handler make of the broken request.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that `map_err` requires"
)]
fn client_gone(error: hyper::Error) -> Status {
    if let Some(call) = CallContext::current() {
        call.set_cancelled();
    }
    tracing::debug!(%error, "a request did not arrive completely");
    Status::cancelled("the client cancelled the request")
}

pin_project! {
    #[project = ConnectionServiceProjection]
    enum ConnectionServiceFuture {
        Call { #[pin] future: ConnectionServiceInner },
        Refused { status: StatusCode },
    }
}

impl Future for ConnectionServiceFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            ConnectionServiceProjection::Call { future } => future.poll(context),
            ConnectionServiceProjection::Refused { status } => {
                Poll::Ready(Ok(not_grpc_response(*status)))
            }
        }
    }
}

fn not_grpc_response(status: StatusCode) -> Response<Body> {
    let text = "this port speaks gRPC and gRPC-Web; try grpcurl -plaintext HOST:PORT list\n";
    let mut response = Response::new(Body::new(http_body_util::Full::from(text)));
    *response.status_mut() = status;
    let text_plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, text_plain);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = HeaderValue::from_static("POST, OPTIONS");
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhaustion_is_reported_once_per_incident() {
        let mut exhaustion = Exhaustion::default();
        let start = Instant::now();
        assert!(exhaustion.is_new_incident(start));
        let second = start + ACCEPT_RETRY_DELAY;
        assert!(!exhaustion.is_new_incident(second));
        assert!(!exhaustion.is_new_incident(second + INCIDENT_END));
        assert!(exhaustion.is_new_incident(second + INCIDENT_END * 3));
    }

    #[test]
    fn only_grpc_media_types_are_accepted() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("Application/gRPC; charset=utf-8", true),
            ("application/grpc-web", true),
            ("application/grpc-web+proto", true),
            ("application/grpc-web-text", true),
            ("application/grpc-web-text+proto;x=y", true),
            ("application/grpcx", false),
            ("application/grpc-webx", false),
            ("application/json", false),
            ("", false),
        ] {
            let content_type = HeaderValue::from_static(value);
            assert_eq!(is_grpc_media_type(&content_type), expected, "{value:?}");
        }
    }
}
