//! Serves one connection within its bounds.

use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    pin::pin,
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
    net::TcpStream,
    runtime::Handle,
    sync::{oneshot, watch},
    time::sleep,
};
use tokio_io_timeout::TimeoutStream;

use super::activity::Activity;
use crate::{Options, batched_writes::batch_writes, connection_executor::ConnectionExecutor};

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
}

impl Bounds {
    /// Completes when the connection must be closed at once. Before, `closing` is set if
    /// requests in flight may finish.
    async fn end(mut self, closing: &AtomicBool) {
        let draining = async {
            // An error means that the sender, and so the server, is gone.
            let _ = self.draining.wait_for(|draining| *draining).await;
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
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout);
    // `Activity` limits the time without a request, and so of the headers. hyper's own
    // timer would also end idle connections after the short time that headers may take.
    builder.http1().header_read_timeout(None);
    builder
}

/// Serves one connection until it closes, is over one of its bounds, or the drain has
/// finished its calls.
pub(super) async fn serve_connection<S, B>(stream: TcpStream, service: S, bounds: Bounds)
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Sends small frames immediately: latency matters more than packet count.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let unread_answer_timeout = bounds.options.connections.unread_answer_timeout;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(unread_answer_timeout));
    let (stream, sender) = batch_writes(Box::pin(stream));
    let executor = ConnectionExecutor::new(unread_answer_timeout, bounds.server.clone());
    let http = http_builder(&bounds.options, executor.clone());
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let closing = AtomicBool::new(false);
    let mut served = None;
    let serving = poll_fn(|context| {
        if closing.swap(false, Relaxed) {
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
        () = bounds.end(&closing) => Ok(()),
        result = serving => result,
    };
    if let Err(error) = result {
        // Debug only: clients that disconnect early are normal.
        tracing::debug!(%error, "connection ended");
    }
}
