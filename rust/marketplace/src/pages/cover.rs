//! Covers as image files.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::Book;

use super::{Asked, book::number, no_such_page};
use crate::{
    assets::{FOR_EVER, FOR_MINUTES, is_known},
    budget::Failure,
    cover::{blank, draw, version},
    shop::Shop,
};

/// `GET /covers/{id}.svg?v=`
///
/// With the version that the pages write, the answer is kept for a year, and it
/// mostly costs no call: the page that named it has just read the book.
pub(crate) async fn cover(
    State(shop): State<Arc<Shop>>,
    file: Result<Path<String>, PathRejection>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(file)) = file else {
        return no_such_page("");
    };
    let Some(book_id) = file.strip_suffix(".svg").and_then(number) else {
        return no_such_page(&file);
    };
    let wanted = asked.get("v");
    let remembered = shop.memory.book(book_id);
    if let Some(book) = &remembered
        && wanted.is_some_and(|wanted| wanted == version(book))
    {
        return image(book, FOR_EVER, &headers);
    }
    match (shop.clients.book(shop.budget(), book_id).await, remembered) {
        (Ok(book), _) => {
            shop.memory.keep_books([&book]);
            image(&book, FOR_MINUTES, &headers)
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

fn image(book: &Book, caching: HeaderValue, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", version(book));
    let etag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    let common = [(header::CACHE_CONTROL, caching), (header::ETAG, etag)];
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (
        common,
        [(header::CONTENT_TYPE, "image/svg+xml")],
        draw(book),
    )
        .into_response()
}
