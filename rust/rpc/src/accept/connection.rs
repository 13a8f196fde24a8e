//! Serves one connection within its bounds.

use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    runtime::Handle,
    sync::{oneshot, watch},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use super::{
    Client, HangUp, IncomingBody,
    activity::{Activity, Tracked},
};
use crate::{
    Options, batched_writes::batch_writes, connection_executor::ConnectionExecutor,
    tls::ClientCertificate,
};

/// How long an idle connection has to close after its client was told (GOAWAY).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What ends a connection, besides its client.
pub(super) struct Bounds {
    pub activity: Arc<Activity>,
    /// Completes with `Ok` when another connection takes the place of this one.
    pub evicted: oneshot::Receiver<()>,
    pub draining: watch::Receiver<bool>,
    pub options: Arc<Options>,
    /// The runtime of the server, for calls that wait.
    pub server: Handle,
    /// Closes the connection by an injected fault, if that is allowed.
    pub hang_up: Option<HangUp>,
}

impl Bounds {
    /// Completes when the connection must be closed at once. Before, `closing` is set if
    /// requests in flight may finish.
    async fn end(mut self, closing: &AtomicBool) {
        let draining = async {
            // An error means that the sender, and so the server, is gone.
            let _ = self.draining.wait_for(|draining| *draining).await;
        };
        let hung_up = async {
            match &self.hang_up {
                Some(hang_up) => hang_up.requested().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = draining => {
                closing.store(true, Relaxed);
                pending().await
            }
            () = self.activity.idle_too_long(&self.options.connections) => {
                closing.store(true, Relaxed);
                sleep(CLOSE_TIMEOUT).await;
            }
            // The sender is dropped when the connection has sent a request.
            Ok(()) = self.evicted => {}
            () = hung_up => {}
        }
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
        .max_header_list_size(options.connections.max_http2_header_bytes)
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout);
    // `Activity` limits the time without a request, and so of the headers. hyper's own
    // timer would also end idle connections after the short time that headers may take.
    builder
        .http1()
        .header_read_timeout(None)
        .max_headers(options.connections.max_http1_headers)
        // The buffer holds the whole headers, so their size is limited too.
        .max_buf_size(options.connections.max_http1_header_bytes);
    builder
}

/// Serves one connection until it closes, is over one of its bounds, or the drain has
/// finished its calls.
pub(super) async fn serve_connection<S, B>(
    stream: TcpStream,
    address: SocketAddr,
    new_service: &(impl Fn(Client) -> S + Sync),
    bounds: Bounds,
) where
    S: hyper::service::Service<Request<IncomingBody>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Sends small frames immediately: latency matters more than packet count.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let options = Arc::clone(&bounds.options);
    let activity = Arc::clone(&bounds.activity);
    let server = bounds.server.clone();
    let hang_up = bounds.hang_up.clone();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(options.connections.unread_answer_timeout));
    let stream = Box::pin(stream);
    let closing = AtomicBool::new(false);
    let mut end = pin!(bounds.end(&closing));
    let serving = Serving {
        options: &options,
        server,
        closing: &closing,
    };
    let Some(tls) = &options.tls else {
        let certificate = ClientCertificate::Absent;
        let service = new_service(Client {
            address,
            certificate,
            hang_up,
        });
        let service = Tracked::new(service, activity);
        return serving.run(stream, service, end).await;
    };
    let handshake = timeout(options.connections.handshake_timeout, tls.accept(stream));
    let (stream, client) = tokio::select! {
        biased;
        () = &mut end => return,
        accepted = handshake => match accepted {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(error)) => {
                // Debug only: port scanners and clients without TLS are normal.
                tracing::debug!(%error, peer = %address, "a TLS handshake failed");
                activity.count_closed("handshake_failed");
                return;
            }
            Err(_) => {
                activity.count_closed("handshake_timeout");
                return;
            }
        },
    };
    let certificate = client.certificate();
    if let ClientCertificate::Refused(refusal) = certificate {
        tracing::info!(peer = %address, "{refusal}");
        activity.count_refused_certificate(refusal.label());
    }
    let is_valid = matches!(certificate, ClientCertificate::Valid(_));
    let service = new_service(Client {
        address,
        certificate,
        hang_up,
    });
    let service = Tracked::new(service, Arc::clone(&activity));
    let interval = options.connections.certificate_check_interval;
    let certificate_ends = async {
        if !is_valid {
            return pending().await;
        }
        let refusal = client.until_refused(interval).await;
        tracing::info!(peer = %address, "{refusal}; closing its connection");
        activity.count_refused_certificate(refusal.label());
        closing.store(true, Relaxed);
        // As in a shutdown, calls in flight may finish.
        sleep(options.drain_timeout).await;
    };
    let end = async {
        tokio::select! {
            () = end => {}
            () = certificate_ends => {}
        }
    };
    serving.run(stream, service, pin!(end)).await;
}

/// How the requests of a connection are served.
struct Serving<'c> {
    options: &'c Options,
    server: Handle,
    closing: &'c AtomicBool,
}

impl Serving<'_> {
    /// Serves until the connection closes or `end` completes.
    async fn run<T, S, B>(self, stream: T, service: S, end: Pin<&mut impl Future<Output = ()>>)
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
        S: hyper::service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (stream, sender) = batch_writes(stream);
        let unread_answer_timeout = self.options.connections.unread_answer_timeout;
        let executor = ConnectionExecutor::new(unread_answer_timeout, self.server);
        let http = http_builder(self.options, executor.clone());
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let mut served = None;
        let serving = poll_fn(|context| {
            if self.closing.swap(false, Relaxed) {
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
        });
        let result = tokio::select! {
            // First the bounds, so that `serving` sees `closing`.
            biased;
            () = end => Ok(()),
            result = serving => result,
        };
        if let Err(error) = result {
            // Debug only: clients that disconnect early are normal.
            tracing::debug!(%error, "connection ended");
        }
    }
}
