//! What search engines read: `robots.txt`, and the sitemap by the protocol of sitemaps.org.

use std::{borrow::Cow, ops::Range, sync::Arc};

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;

use super::no_such_page;
use crate::{
    assets::matches_if_none_match,
    category::CategoryInfo,
    shop::Shop,
    sitemap::{CataloguePages, ReadPages},
};

/// The most addresses in one file that the protocol allows.
const ADDRESSES_PER_FILE: usize = 50_000;
/// The number of addresses that are written at once: about 60 kB.
const ADDRESSES_PER_CHUNK: usize = 1000;
const CACHE_FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// The `Retry-After` header in seconds, while the catalogue is read for the first time.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("60");

#[derive(Template)]
#[template(path = "robots.txt", escape = "none")]
struct Robots<'a> {
    shop_url: &'a str,
}

#[derive(Template)]
#[template(path = "sitemap/index.xml")]
struct Index<'a> {
    shop_url: &'a str,
    /// The names of the files with books, authors and series.
    files: Vec<String>,
}

#[derive(Template)]
#[template(path = "sitemap/pages.xml")]
struct Pages<'a> {
    shop_url: &'a str,
    categories: Vec<&'static CategoryInfo>,
}

#[derive(Template)]
#[template(path = "sitemap/addresses.xml")]
struct Addresses<'a> {
    shop_url: &'a str,
    paths: Vec<Cow<'a, str>>,
}

/// The pages of which there is one for each book, author or series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Books,
    Authors,
    Series,
}

impl Section {
    const ALL: [Self; 3] = [Self::Books, Self::Authors, Self::Series];

    /// What the names of its files begin with.
    fn name(self) -> &'static str {
        match self {
            Self::Books => "books",
            Self::Authors => "authors",
            Self::Series => "series",
        }
    }

    fn count(self, pages: &CataloguePages) -> usize {
        match self {
            Self::Books => pages.books.len(),
            Self::Authors => pages.authors.len(),
            Self::Series => pages.series.len(),
        }
    }

    fn paths(self, pages: &CataloguePages, part: Range<usize>) -> Vec<Cow<'_, str>> {
        let paths = match self {
            Self::Books => {
                let ids = pages.books[part].iter();
                return ids.map(|id| format!("/books/{id}").into()).collect();
            }
            Self::Authors => &pages.authors,
            Self::Series => &pages.series,
        };
        let paths = paths[part].iter();
        paths.map(|path| path.as_str().into()).collect()
    }

    /// The names of its files.
    fn files(self, pages: &CataloguePages) -> impl Iterator<Item = String> {
        let last = self.count(pages).div_ceil(ADDRESSES_PER_FILE);
        (1..=last).map(move |number| format!("{}-{number}.xml", self.name()))
    }
}

/// `GET /robots.txt`
pub(crate) async fn robots(State(shop): State<Arc<Shop>>) -> Response {
    let robots = Robots {
        shop_url: shop.url(),
    };
    let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    match robots.render() {
        Ok(text) => (content_type, text).into_response(),
        Err(error) => cannot_render(&error),
    }
}

/// `GET /sitemap.xml`: the list of the other files.
pub(crate) async fn index(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let Some(read) = shop.catalogue_pages().await else {
        return not_ready();
    };
    let files = Section::ALL.into_iter();
    let index = Index {
        shop_url: shop.url(),
        files: files
            .flat_map(|section| section.files(&read.pages))
            .collect(),
    };
    respond(&headers, &read, || index.render().map(Body::from))
}

/// `GET /sitemaps/{file}`: `pages.xml`, or `books-N.xml`, `authors-N.xml` and `series-N.xml` with
/// the Nth 50,000 books, authors and series.
pub(crate) async fn file(
    State(shop): State<Arc<Shop>>,
    file: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let file = file.map(|Path(file)| file).unwrap_or_default();
    let section_file = match (file.as_str(), section_file(&file)) {
        ("pages.xml", _) => None,
        (_, Some(section_file)) => Some(section_file),
        _ => return no_such_page(&file),
    };
    let Some(read) = shop.catalogue_pages().await else {
        return not_ready();
    };
    let Some((section, number)) = section_file else {
        // Fills the cache with the categories that have books, if it is empty.
        shop.categories(shop.deadline()).await;
        let pages = Pages {
            shop_url: shop.url(),
            categories: shop.cache.categories(),
        };
        return respond(&headers, &read, || pages.render().map(Body::from));
    };
    let Some(part) = part(section.count(&read.pages), number) else {
        return no_such_page(&file);
    };
    let pages = read.pages.clone();
    respond(&headers, &read, || {
        Ok(stream_addresses(shop, section, pages, part))
    })
}

/// The places of the pages in the file with a number; `None` if there is no such file.
fn part(count: usize, number: usize) -> Option<Range<usize>> {
    let start = number.checked_sub(1)?.checked_mul(ADDRESSES_PER_FILE)?;
    (start < count).then(|| start..count.min(start + ADDRESSES_PER_FILE))
}

/// The section and the number in a name such as `books-1.xml`. The number begins with 1 and has no
/// zeros in front.
fn section_file(file: &str) -> Option<(Section, usize)> {
    let (name, number) = file.strip_suffix(".xml")?.split_once('-')?;
    let section = Section::ALL
        .into_iter()
        .find(|section| section.name() == name)?;
    let is_canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let number = number.parse().ok().filter(|_| is_canonical)?;
    Some((section, number))
}

/// A file of addresses, of which only a small part is in memory.
fn stream_addresses(
    shop: Arc<Shop>,
    section: Section,
    pages: CataloguePages,
    part: Range<usize>,
) -> Body {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
    let end = part.end;
    let chunks = part.step_by(ADDRESSES_PER_CHUNK).map(move |from| {
        let paths = section.paths(&pages, from..end.min(from + ADDRESSES_PER_CHUNK));
        let shop_url = shop.url();
        Addresses { shop_url, paths }.render()
    });
    let parts = std::iter::once(Ok(HEAD.to_owned()))
        .chain(chunks)
        .chain(std::iter::once(Ok("</urlset>\n".to_owned())));
    Body::from_stream(stream::iter(parts))
}

/// The response with a file, or without one if the client has it already. The files change with
/// the revision of the catalogue.
fn respond(
    headers: &HeaderMap,
    read: &ReadPages,
    render: impl FnOnce() -> Result<Body, askama::Error>,
) -> Response {
    let tag = format!("\"{}\"", read.revision);
    let etag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    let common = [
        (header::CACHE_CONTROL, CACHE_FOR_AN_HOUR),
        (header::ETAG, etag),
    ];
    if matches_if_none_match(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, "application/xml; charset=utf-8")];
    match render() {
        Ok(body) => (common, content_type, body).into_response(),
        Err(error) => cannot_render(&error),
    }
}

fn not_ready() -> Response {
    let text = "the pages of the sitemap are being read: try again in a minute\n";
    let headers = [
        (header::RETRY_AFTER, RETRY_AFTER),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response()
}

fn cannot_render(error: &askama::Error) -> Response {
    tracing::error!(%error, "a file for search engines cannot be rendered");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_in_one_file_of_at_most_50000() {
        let parts: Vec<_> = (0..5).map(|number| part(100_001, number)).collect();
        let expected = [
            None,
            Some(0..50_000),
            Some(50_000..100_000),
            Some(100_000..100_001),
            None,
        ];
        assert_eq!(parts, expected);
        assert_eq!(part(0, 1), None);
        assert_eq!(part(usize::MAX, usize::MAX), None);
    }

    #[test]
    fn only_canonical_file_names_are_accepted() {
        assert_eq!(section_file("books-12.xml"), Some((Section::Books, 12)));
        assert_eq!(section_file("authors-1.xml"), Some((Section::Authors, 1)));
        for bad in [
            "books-0.xml",
            "books-01.xml",
            "books-.xml",
            "books-+1.xml",
            "other-1.xml",
            "1",
            "books-1",
        ] {
            assert_eq!(section_file(bad), None, "{bad}");
        }
    }
}
