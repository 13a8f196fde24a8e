//! The listeners that speak HTTP: the shop's and the metrics'.

use std::time::Duration;

use axum::{Router, http::header, routing::get};
use telemetry::Metrics;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long open connections may take to finish when the process stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves `app` until `closing` is cancelled, and then what is in flight.
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
                tracing::error!(%error, "a web server ended");
            },
            () = bounded => tracing::warn!("open connections of a web server were cut off"),
        }
    })
}

/// `/metrics`, in the text format of Prometheus.
pub fn metrics_routes(metrics: Metrics) -> Router {
    let page = move || {
        let text = metrics.render();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text) }
    };
    Router::new().route("/metrics", get(page))
}
