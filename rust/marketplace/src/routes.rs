//! The routes of the shop.

use std::sync::Arc;

use axum::{Router, middleware, routing::get};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, trace::TraceLayer};

use crate::{
    assets, headers, monitor,
    options::{Clients, Options},
    pages::{self, book, category, cover, home, search},
    shop::Shop,
};

/// The shop as an axum router. Must be called within a tokio runtime, because it starts
/// the task that samples the metrics for `/monitor`. The task ends when the last clone of
/// the router is dropped.
pub fn app(clients: Clients, options: Options) -> Router {
    let (metrics_text, health) = (
        Arc::clone(&options.metrics_text),
        Arc::clone(&options.health),
    );
    let shop = Arc::new(Shop::new(clients, options));
    monitor::start(&shop.monitor, metrics_text, health);
    let monitor_routes = Router::new()
        .route("/monitor", get(monitor::page::monitor))
        .route("/monitor/services", get(monitor::page::services))
        .route("/monitor/data.json", get(monitor::page::data))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&shop),
            monitor::access::require_operator,
        ));
    Router::new()
        .route("/", get(home::home))
        .route("/categories/{slug}", get(category::category))
        .route("/books/{id}", get(book::book))
        .route("/search", get(search::search))
        .route("/search/suggest", get(search::suggest))
        .merge(monitor_routes)
        .route("/covers/{file}", get(cover::cover))
        .route("/assets/{*name}", get(assets::asset))
        .route("/favicon.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::icon))
        .route(
            "/robots.txt",
            get(async || "User-agent: *\nDisallow: /search\nDisallow: /monitor\n"),
        )
        .route("/healthz", get(async || "ok\n"))
        .fallback(pages::unknown_path)
        .method_not_allowed_fallback(pages::method_not_allowed)
        .with_state(shop)
        .layer(CatchPanicLayer::custom(pages::panic_response))
        .layer(CompressionLayer::new())
        .layer(middleware::map_response(headers::add))
        .layer(TraceLayer::new_for_http())
}
