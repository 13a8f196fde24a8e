//! Serves axum routers over HTTP: the shop and the metrics.

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderMap, header},
    routing::get,
};
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

/// `GET /metrics`, in the Prometheus text format, or in that of OpenMetrics for who prefers it.
pub fn metrics_routes(metrics: Metrics) -> Router {
    const PROMETHEUS: &str = "text/plain; version=0.0.4";
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let page = move |headers: HeaderMap| {
        let (content_type, text) = if prefers_open_metrics(&headers) {
            (OPEN_METRICS, metrics.render_open_metrics())
        } else {
            (PROMETHEUS, metrics.render())
        };
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::VARY, "accept"),
        ];
        async move { (headers, text) }
    };
    Router::new().route("/metrics", get(page))
}

/// Whether the header `accept` gives the format of OpenMetrics at least the weight of plain text.
fn prefers_open_metrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let (mut open_metrics, mut plain): (f32, f32) = (0.0, 0.0);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        if media_type.eq_ignore_ascii_case("application/openmetrics-text") {
            open_metrics = open_metrics.max(weight);
        } else if media_type.eq_ignore_ascii_case("text/plain") {
            plain = plain.max(weight);
        }
    }
    open_metrics > 0.0 && open_metrics >= plain
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn open_metrics_is_served_to_who_prefers_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, expected) in [
            (prometheus, true),
            ("application/openmetrics-text", true),
            ("text/plain, application/openmetrics-text; q=0.9", false),
            ("application/openmetrics-text;q=0", false),
            ("text/html,*/*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_open_metrics(&headers), expected, "{accept}");
        }
        assert!(!prefers_open_metrics(&HeaderMap::new()));
    }
}
