//! The static files of the shop (style sheet, scripts, icon), compiled into the binary.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    body::Body,
    extract::{Path, Query},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::Embed;

use crate::pages::{self, QueryParams};

#[derive(Embed)]
#[folder = "assets"]
struct Files;

/// The cache policy for a URL that contains the version of its content.
pub(crate) const CACHE_FOR_A_YEAR: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");
/// The cache policy for a URL whose content may change.
pub(crate) const CACHE_FOR_5_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The version of each file by name: the first 8 bytes of its SHA-256.
static VERSIONS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let versions = Files::iter().filter_map(|name| {
        let hash = Files::get(&name)?.metadata.sha256_hash();
        let version = hash
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Some((name.into_owned(), version))
    });
    versions.collect()
});

/// The URL of a file with its version: `/assets/shop.css?v=...`.
pub(crate) fn asset_url(name: &str) -> String {
    match VERSIONS.get(name) {
        Some(version) => format!("/assets/{name}?v={version}"),
        None => format!("/assets/{name}"),
    }
}

/// `GET /assets/{name}`
pub(crate) async fn asset(
    Path(name): Path<String>,
    Query(params): Query<QueryParams>,
    headers: HeaderMap,
) -> Response {
    file_response(&name, params.get("v"), &headers)
}

/// `GET /favicon.svg`, and `/favicon.ico` and `/apple-touch-icon.png`, which browsers request by
/// default.
pub(crate) async fn icon(uri: Uri, headers: HeaderMap) -> Response {
    file_response(uri.path().trim_start_matches('/'), None, &headers)
}

fn file_response(name: &str, version: Option<&str>, headers: &HeaderMap) -> Response {
    let (Some(file), Some(current)) = (Files::get(name), VERSIONS.get(name)) else {
        return pages::no_such_page(name);
    };
    let cache_control = if version == Some(current) {
        CACHE_FOR_A_YEAR
    } else {
        CACHE_FOR_5_MINUTES
    };
    let tag = format!("\"{current}\"");
    let common = [
        (header::CACHE_CONTROL, cache_control),
        (
            header::ETAG,
            HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")),
        ),
    ];
    if matches_if_none_match(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, content_type(name))];
    (common, kind, Body::from(file.data)).into_response()
}

/// Whether `If-None-Match` contains the entity tag. Weak tags match too, because proxies
/// that compress make tags weak.
pub(crate) fn matches_if_none_match(headers: &HeaderMap, tag: &str) -> bool {
    let tags = headers.get(header::IF_NONE_MATCH);
    let tags = tags
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    tags.split(',')
        .any(|candidate| candidate.trim().trim_start_matches("W/") == tag)
}

fn content_type(name: &str) -> HeaderValue {
    let (_, extension) = name.rsplit_once('.').unwrap_or_default();
    HeaderValue::from_static(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/vnd.microsoft.icon",
        _ => "application/octet-stream",
    })
}
