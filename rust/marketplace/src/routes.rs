//! The routes of the shop.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, trace::TraceLayer};

use crate::{
    assets, canonical, headers, monitor, operator,
    options::{Clients, Options},
    pages::{
        self, account, book, book_list, cart, category, checkout, cover, home, mails, orders,
        password_reset, recent, reviews, search, sign_in, sign_up, sitemap,
    },
    shop::Shop,
    spans, visitor,
};

/// More than any form of the shop needs.
const MAX_FORM_BYTES: usize = 64 * 1024;

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
    let for_operators =
        middleware::from_fn_with_state(Arc::clone(&shop), monitor::access::require_operator);
    let monitor_page = Router::new()
        .route("/monitor", get(monitor::page::monitor))
        .route_layer(for_operators.clone());
    let monitor_data = Router::new()
        .route("/monitor/services", get(monitor::page::services))
        .route("/monitor/data.json", get(monitor::page::data))
        .route_layer(for_operators);
    // Files, fragments and measurements are the same for every visitor.
    let shared = Router::new()
        .route("/search/suggest", get(search::suggest))
        .merge(monitor_data)
        .route("/covers/{file}", get(cover::cover))
        .route("/assets/{*name}", get(assets::asset))
        .route("/favicon.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::icon))
        .route("/apple-touch-icon.png", get(assets::icon))
        .route("/robots.txt", get(sitemap::robots))
        .route("/sitemap.xml", get(sitemap::index))
        .route("/sitemaps/{file}", get(sitemap::file))
        .route("/healthz", get(async || "ok\n"))
        .method_not_allowed_fallback(pages::method_not_allowed);
    Router::new()
        .merge(pages_of_visitors(&shop, monitor_page))
        .merge(shared)
        .with_state(shop)
        .layer(middleware::from_fn(canonical::redirect))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(CatchPanicLayer::custom(pages::panic_response))
        .layer(CompressionLayer::new())
        .layer(middleware::map_response(headers::add))
        .layer(TraceLayer::new_for_http())
        .layer(middleware::from_fn(spans::record))
}

/// The pages, each made for one visitor.
fn pages_of_visitors(shop: &Arc<Shop>, monitor_page: Router<Arc<Shop>>) -> Router<Arc<Shop>> {
    Router::new()
        .route("/", get(home::home))
        .route("/categories/{slug}", get(category::category))
        .route("/authors/{slug}", get(book_list::author))
        .route("/series/{slug}", get(book_list::series))
        .route("/books/{id}", get(book::book))
        .route("/books/{id}/review", get(reviews::form_page))
        .route("/books/{id}/reviews", get(reviews::list))
        .route("/reviews/write", post(reviews::write))
        .route("/reviews/delete", post(reviews::delete))
        .route("/recently-viewed/clear", post(recent::clear))
        .route("/search", get(search::search))
        .route("/sign-up", get(sign_up::page).post(sign_up::sign_up))
        .route("/sign-up/sent", get(sign_up::sent))
        .route("/verify", get(sign_up::verify_page).post(sign_up::verify))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route(
            "/forgot",
            get(password_reset::request_page).post(password_reset::request),
        )
        .route("/forgot/sent", get(password_reset::sent))
        .route(
            "/reset",
            get(password_reset::reset_page).post(password_reset::reset),
        )
        .route("/account", get(account::page))
        .route("/account/profile", post(account::update_profile))
        .route("/account/address", post(account::update_address))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions", post(account::revoke_session))
        .route("/account/export", get(account::export))
        .route("/account/delete", post(account::delete))
        .route("/account/deleted", get(account::deleted))
        .route("/cart", get(cart::page))
        .route("/cart/add", post(cart::add))
        .route("/cart/update", post(cart::update))
        .route("/cart/remove", post(cart::remove))
        .route("/cart/clear", post(cart::clear))
        .route("/cart/merge", post(cart::merge))
        .route("/checkout", get(checkout::page).post(checkout::place))
        .route("/orders", get(orders::list))
        .route("/orders/{id}", get(orders::page))
        .route("/orders/{id}/events", get(orders::events))
        .route("/orders/cancel", post(orders::cancel))
        .route("/orders/receipt", post(orders::send_receipt))
        .route("/mail", get(mails::list))
        .route("/mail/{id}", get(mails::show))
        .merge(monitor_page)
        .merge(operator::routes())
        .fallback(pages::unknown_path)
        .method_not_allowed_fallback(pages::method_not_allowed)
        .layer(middleware::from_fn_with_state(
            Arc::clone(shop),
            visitor::identify,
        ))
}
