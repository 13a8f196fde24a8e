//! Accepts the connections of one port: gRPC, the shop or the metrics.
//!
//! A client can keep a connection open at no cost, so each one is bounded: their number, in
//! all and for each peer ([`limits`]), the time of the TLS handshake, until the first request
//! and without requests ([`connection`]), and the time that an answer waits for its reader
//! ([`unread_answers`]). Connections can have threads of their own
//! ([`threads`]).
//!
//! It uses hyper and not tonic's `Server` or `axum::serve`, for three reasons: tonic's own
//! timer around every call races with our deadline layer, both accept without limits, and
//! their drains have no time limit.

mod activity;
mod client;
mod connection;
mod incoming_body;
mod limits;
mod options;
mod threads;
pub(crate) mod unread_answers;

use std::{convert::Infallible, io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::watch,
    task::JoinSet,
};

use crate::{
    Options,
    faults::Faults,
    incident::Incident,
    rate_limits::{CallClass, RatedCaller},
};

use self::{activity::Activity, connection::serve_connection, limits::Limits};

pub(crate) use self::{
    client::{Client, HangUp},
    incoming_body::IncomingBody,
};
pub use self::{
    options::{ConnectionOptions, raise_descriptor_limit},
    threads::ConnectionThreads,
};

/// How long the accept loop waits when the process has no file descriptor left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The error of [`Router::serve`](crate::Router::serve) and
/// [`serve_http`](crate::serve_http): the server stopped before its shutdown was requested.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Accepting failed with an error that will not go away by itself.
    #[error("cannot accept connections any more: {0}")]
    Accept(#[source] io::Error),
}

/// A listening socket, and how its connections are served.
pub(crate) struct Port {
    pub listener: TcpListener,
    /// The label `port` of the metrics: `grpc`, `shop`, `metrics` or `health`.
    pub name: &'static str,
    pub options: Options,
}

/// Serves connections until `stop` completes, sets `draining`, and returns when all
/// connections have finished their requests, or after the drain timeout.
pub(crate) async fn serve<S, B>(
    port: Port,
    new_service: impl Fn(Client) -> S + Send + Sync + 'static,
    stop: impl Future<Output = ()>,
    draining: &watch::Sender<bool>,
) -> Result<(), ServeError>
where
    S: hyper::service::Service<Request<IncomingBody>, Response = Response<B>, Error = Infallible>
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let proxies = port.options.trusted_proxies.clone();
    let limits = Limits::new(port.name, &port.options.connections, proxies);
    let options = Arc::new(port.options);
    let faults_allowed = options.faults.as_ref().is_some_and(Faults::are_allowed);
    let new_service = Arc::new(new_service);
    let mut connections = JoinSet::new();
    let mut exhaustion = Incident::default();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = port.listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    handle_accept_error(error, &mut exhaustion).await?;
                    continue;
                }
            },
            // Frees the memory of finished connections.
            Some(_) = connections.join_next() => continue,
        };
        if !may_connect(&options, peer.ip()) {
            continue;
        }
        // Otherwise the stream is closed at once.
        if let Some((slot, evicted)) = limits.admit(peer.ip()) {
            let new_service = Arc::clone(&new_service);
            let bounds = connection::Bounds {
                activity: Arc::new(Activity::new(slot)),
                evicted,
                draining: draining.subscribe(),
                options: Arc::clone(&options),
                server: Handle::current(),
                hang_up: faults_allowed.then(HangUp::default),
            };
            let assigned = options.connection_threads.assign();
            let runtime = assigned.runtime.clone();
            let connection = async move {
                match move_to_current_runtime(stream) {
                    Ok(stream) => serve_connection(stream, peer, &*new_service, bounds).await,
                    Err(error) => tracing::warn!(%error, "cannot serve a connection"),
                }
                drop(assigned);
            };
            connections.spawn_on(connection, &runtime);
        }
    }
    // New clients are refused at once from here on, and can try another server.
    drop(port.listener);
    draining.send_replace(true);
    drain(connections, port.name, options.drain_timeout).await;
    Ok(())
}

/// Counts a connection, before it costs a handshake. Those over the rate of their peer are closed
/// at once.
fn may_connect(options: &Options, peer: IpAddr) -> bool {
    let rates = &options.rate_limits;
    rates.is_exempt(peer)
        || options.trusted_proxies.contains(peer)
        || rates
            .check(RatedCaller::address(peer), CallClass::Connection)
            .is_ok()
}

/// Lets the runtime of the calling task wait for the socket.
fn move_to_current_runtime(stream: TcpStream) -> io::Result<TcpStream> {
    TcpStream::from_std(stream.into_std()?)
}

async fn drain(mut connections: JoinSet<()>, port: &str, timeout: Duration) {
    tracing::info!(port, connections = connections.len(), "draining");
    let all_finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(timeout, all_finished).await.is_err() {
        tracing::warn!(
            port,
            connections = connections.len(),
            "drain timeout reached, closing connections that still have calls in flight"
        );
        connections.shutdown().await;
    }
}

/// Ignores errors of a single connection, waits when a resource is exhausted, and
/// returns only errors of the listening socket.
async fn handle_accept_error(
    error: io::Error,
    exhaustion: &mut Incident,
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
            if exhaustion.begins() {
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
