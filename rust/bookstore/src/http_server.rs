//! Serves axum routers over HTTP: the shop and the metrics.

use std::time::Duration;

use axum::{Router, http::header, routing::get};
use telemetry::Metrics;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long open connections may take to finish on shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves `app` until `closing` is cancelled; then requests in flight have 5 seconds to
/// finish.
pub fn serve(listener: TcpListener, app: Router, closing: &CancellationToken) -> JoinHandle<()> {
    let closing = closing.clone();
    tokio::spawn(async move {
        let stop = closing.clone();
        let server = axum::serve(listener, app)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        let bounded = async {
            closing.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            served = server => if let Err(error) = served {
                tracing::error!(%error, "an HTTP server stopped");
            },
            () = bounded => tracing::warn!("an HTTP server closed connections that did not finish in time"),
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
