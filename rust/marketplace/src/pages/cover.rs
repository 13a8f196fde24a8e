//! Book covers as SVG files.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::Book;

use super::{QueryParams, book::parse_book_id, no_such_page};
use crate::{
    assets::{CACHE_FOR_5_MINUTES, CACHE_FOR_A_YEAR, matches_if_none_match},
    cover::{blank, draw, version},
    deadline::Failure,
    shop::Shop,
};

/// `GET /covers/{id}.svg?v=`
///
/// With the version from a page, the response may be cached for a year and usually needs
/// no call, because the page has just put the book into the cache.
pub(crate) async fn cover(
    State(shop): State<Arc<Shop>>,
    file: Result<Path<String>, PathRejection>,
    Query(params): Query<QueryParams>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(file)) = file else {
        return no_such_page("");
    };
    let Some(book_id) = file.strip_suffix(".svg").and_then(parse_book_id) else {
        return no_such_page(&file);
    };
    let wanted = params.get("v");
    let cached = shop.cache.book(book_id);
    if let Some(book) = &cached
        && wanted.is_some_and(|wanted| wanted == version(book))
    {
        return image(book, CACHE_FOR_A_YEAR, &headers);
    }
    match (shop.clients.book(shop.deadline(), book_id).await, cached) {
        (Ok(book), _) => {
            shop.cache.insert_books([&book]);
            image(&book, CACHE_FOR_5_MINUTES, &headers)
        }
        (Err(Failure::NotFound), _) => no_such_page(&file),
        (Err(_), Some(book)) => image(&book, HeaderValue::from_static("no-store"), &headers),
        (Err(_), None) => {
            let headers = [
                (header::CONTENT_TYPE, "image/svg+xml"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (StatusCode::SERVICE_UNAVAILABLE, headers, blank()).into_response()
        }
    }
}

fn image(book: &Book, cache_control: HeaderValue, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", version(book));
    let etag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    let common = [(header::CACHE_CONTROL, cache_control), (header::ETAG, etag)];
    if matches_if_none_match(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (
        common,
        [(header::CONTENT_TYPE, "image/svg+xml")],
        draw(book),
    )
        .into_response()
}
