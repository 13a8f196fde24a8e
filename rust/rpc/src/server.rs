//! The socket side: binding, accepting, draining. On hyper and not on tonic's
//! `Server`, which puts a timer of its own around every call that races with our
//! deadline layer, accepts in a busy loop when descriptors run out, and cannot
//! bound a drain.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use pin_project_lite::pin_project;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tonic::body::Body;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{
    Layer, Service,
    util::{Either, option_layer},
};
use tower_http::cors::{Any, Cors, CorsLayer};

use crate::{Options, layers::Stack};

/// How long accepting pauses when the process has no descriptor left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens there.
    #[error(
        "port {} on {} is taken: stop the other process or choose another with --grpc-addr",
        .0.port(), .0.ip()
    )]
    AddressInUse(SocketAddr),
    /// The system refuses, for example a port below 1024 or an address of another
    /// machine.
    #[error("cannot listen on {address}: {cause}")]
    BindFailed {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
}

/// Why a server stopped before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listening socket is broken.
    #[error("cannot accept connections any more: {0}")]
    RequestContext(#[source] io::Error),
}

/// Listens on an address; port 0 takes any free port.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => BindError::AddressInUse(address),
            _ => BindError::BindFailed { address, cause },
        })
}

pub(crate) async fn serve(
    stack: Stack,
    options: &Options,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    draining: &watch::Sender<bool>,
) -> Result<(), ServeError> {
    let http = http_builder(options);
    let cors = cors_layer(options);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    handle_accept_error(error).await?;
                    continue;
                }
            },
            // Lets go of what connections leave behind.
            Some(_) = connections.join_next() => continue,
        };
        let service = ConnectionService(
            option_layer(cors.clone())
                .layer(GrpcWebLayer::new().layer(stack.clone().with_peer(peer))),
        );
        connections.spawn(serve_connection(
            http.clone(),
            stream,
            service,
            draining.subscribe(),
        ));
    }
    // Whoever connects from here on is refused at once, and tries elsewhere.
    drop(listener);
    draining.send_replace(true);
    drain(connections, options.drain_timeout).await;
    Ok(())
}

async fn drain(mut connections: JoinSet<()>, timeout: Duration) {
    tracing::info!(connections = connections.len(), "draining");
    let all_finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(timeout, all_finished).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "calls in flight outlasted the drain and are cut off"
        );
        connections.shutdown().await;
    }
}

/// One connection from the first byte to the last.
async fn serve_connection(
    http: auto::Builder<TokioExecutor>,
    stream: TcpStream,
    service: ConnectionService,
    mut draining: watch::Receiver<bool>,
) {
    // Small frames wait for nothing: latency counts more than packets.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut drain = pin!(async move {
        // An error says that the server is gone altogether.
        let _ = draining.wait_for(|draining| *draining).await;
    });
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = &mut drain => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Peers that hang up are daily business.
        tracing::debug!(%error, "connection ended");
    }
}

/// Tells errors of one connection from errors of the socket.
async fn handle_accept_error(error: io::Error) -> Result<(), ServeError> {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    /// ENOMEM, ENFILE, EMFILE, ENOBUFS: they pass when something is closed.
    const EXHAUSTED: [i32; 4] = [12, 23, 24, 105];
    match error.kind() {
        ConnectionAborted | ConnectionReset | Interrupted => Ok(()),
        _ if error
            .raw_os_error()
            .is_some_and(|code| EXHAUSTED.contains(&code)) =>
        {
            tracing::warn!(%error, "cannot accept connections for now");
            tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            Ok(())
        }
        _ => Err(ServeError::RequestContext(error)),
    }
}

fn http_builder(options: &Options) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.max_calls_per_connection)
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout);
    // The timer also bounds how long the headers of a request may take.
    builder.http1().timer(TokioTimer::new());
    builder
}

/// What a page must be allowed to send and to see, for the origins of the options.
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

/// Where a request comes in: answers what is no gRPC at all, and hands the rest to
/// gRPC-Web, which passes what is plain gRPC to the layers.
#[derive(Clone)]
struct ConnectionService(Either<Cors<WebStack>, WebStack>);

type ConnectionServiceInner = <Either<Cors<WebStack>, WebStack> as Service<Request<Body>>>::Future;

impl hyper::service::Service<Request<Incoming>> for ConnectionService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ConnectionServiceFuture;

    fn call(&self, request: Request<Incoming>) -> ConnectionServiceFuture {
        let speaks_grpc = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
        match *request.method() {
            // A page asks for permission without a body, and so without a content type.
            Method::OPTIONS => {}
            _ if !speaks_grpc => {
                return ConnectionServiceFuture::Refused {
                    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                };
            }
            // Without this, GET would run a call that wants no message.
            Method::POST => {}
            _ => {
                return ConnectionServiceFuture::Refused {
                    status: StatusCode::METHOD_NOT_ALLOWED,
                };
            }
        }
        let future = self.0.clone().call(request.map(Body::new));
        ConnectionServiceFuture::Call { future }
    }
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
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = HeaderValue::from_static("POST, OPTIONS");
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
