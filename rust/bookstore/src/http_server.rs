//! Serves axum routers over HTTP: the shop and the metrics.

use std::time::Duration;

use axum::{Router, http::header, routing::get};
use rpc::{ClientCertificates, ServeError};
use telemetry::Metrics;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long requests in flight may take to finish on shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// The metrics are read by a few scrapers.
const MAX_METRICS_CONNECTIONS: usize = 64;

/// Serves the shop until `closing` is cancelled; then requests in flight have 5 seconds to
/// finish.
pub fn serve_shop(
    listener: TcpListener,
    shop: Router,
    options: &rpc::Options,
    closing: &CancellationToken,
) -> JoinHandle<()> {
    let mut options = with_clients(options, ClientCertificates::NotAsked);
    options.too_many_requests = Some(marketplace::too_many_requests);
    serve(listener, "shop", shop, options, closing.clone())
}

/// Serves the metrics in the same way. Where clients of this process have certificates, those
/// who read the metrics need one.
pub fn serve_metrics(
    listener: TcpListener,
    metrics: Router,
    options: &rpc::Options,
    closing: &CancellationToken,
) -> JoinHandle<()> {
    let mut options = with_clients(options, ClientCertificates::Required);
    options.connections.max_connections = MAX_METRICS_CONNECTIONS;
    options.connections.max_connections_per_peer = MAX_METRICS_CONNECTIONS;
    serve(listener, "metrics", metrics, options, closing.clone())
}

/// Serves health alone, in plain text, until `closing` is cancelled.
pub fn serve_health(
    listener: TcpListener,
    router: &rpc::Router,
    options: &rpc::Options,
    closing: &CancellationToken,
) -> JoinHandle<()> {
    let options = rpc::Options {
        drain_timeout: DRAIN,
        ..options.clone()
    };
    let (health, closing) = (router.health(), closing.clone());
    spawn("health", async move {
        rpc::serve_health(listener, health, &options, closing.cancelled()).await
    })
}

fn with_clients(options: &rpc::Options, clients: ClientCertificates) -> rpc::Options {
    let tls = options.tls.clone().map(|tls| tls.with_clients(clients));
    rpc::Options {
        tls,
        ..options.clone()
    }
}

fn serve(
    listener: TcpListener,
    name: &'static str,
    app: Router,
    options: rpc::Options,
    closing: CancellationToken,
) -> JoinHandle<()> {
    let options = rpc::Options {
        drain_timeout: DRAIN,
        ..options
    };
    spawn(name, async move {
        rpc::serve_http(listener, name, app, &options, closing.cancelled()).await
    })
}

fn spawn(
    name: &'static str,
    server: impl Future<Output = Result<(), ServeError>> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, name, "an HTTP server stopped");
        }
    })
}

/// `GET /metrics`, in the Prometheus text format.
pub fn metrics_routes(metrics: Metrics) -> Router {
    let page = move || {
        let text = metrics.render();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text) }
    };
    Router::new().route("/metrics", get(page))
}
