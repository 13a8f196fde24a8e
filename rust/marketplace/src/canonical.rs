//! Redirects other spellings of the address of a public page to the one that the shop links to,
//! so that each page has one address: `/Books/007/?page=1` leads to `/books/7`.
//!
//! Only known paths are redirected. So the target always begins with the name of a page, and
//! never with `//` or `/\`, which browsers take for another site.

use axum::{
    extract::Request,
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, LOCATION},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Pages without anything behind their name.
const PAGES: [&str; 10] = [
    "account", "cart", "checkout", "forgot", "mail", "monitor", "orders", "search", "sign-in",
    "sign-up",
];
/// Pages of which there is one for each name or number behind it.
const SECTIONS: [&str; 4] = ["authors", "books", "categories", "series"];
/// A day. Without a limit, browsers would keep the redirect for good.
const CACHE_FOR_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Middleware of all pages.
pub(crate) async fn redirect(request: Request, next: Next) -> Response {
    let is_safe = [Method::GET, Method::HEAD].contains(request.method());
    let uri = request.uri();
    match canonical(uri.path(), uri.query()) {
        Some(address) if is_safe => moved_permanently(&address),
        _ => next.run(request).await,
    }
}

/// The answer that tells browsers and search engines the canonical address of a page.
pub(crate) fn moved_permanently(address: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(address) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [(LOCATION, location), (CACHE_CONTROL, CACHE_FOR_A_DAY)];
    (StatusCode::MOVED_PERMANENTLY, headers).into_response()
}

/// The canonical address of a public page; `None` if this is it, or if there is no such page.
fn canonical(path: &str, query_of_request: Option<&str>) -> Option<String> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let name = parts.next()?.to_ascii_lowercase();
    let rest: Vec<_> = parts.collect();
    let is_page = PAGES.contains(&name.as_str()) && rest.is_empty();
    let is_section = SECTIONS.contains(&name.as_str()) && (1..=2).contains(&rest.len());
    if !is_page && !is_section {
        return None;
    }
    let mut address = format!("/{name}");
    for part in rest {
        address.push('/');
        address.push_str(&canonical_part(&name, part));
    }
    // The parameters of other pages are those of forms.
    let query = if is_section || name == "search" {
        query_of_request.map(canonical_query)
    } else {
        query_of_request.map(str::to_owned)
    };
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        address.push('?');
        address.push_str(&query);
    }
    let requested =
        query_of_request.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    (address != requested).then_some(address)
}

/// A name in lower case, or a number without zeros in front. Names with percent-encoded letters
/// stay as they are: the handler knows the name that it finds by them.
fn canonical_part(section: &str, part: &str) -> String {
    let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
    if section == "books" && is_number {
        let number = part.trim_start_matches('0');
        return if number.is_empty() { "0" } else { number }.to_owned();
    }
    if part.contains('%') {
        return part.to_owned();
    }
    part.to_ascii_lowercase()
}

/// The first value of each parameter, as the pages use them, without empty ones and without the
/// number of the first page.
fn canonical_query(query: &str) -> String {
    let mut names = Vec::new();
    let mut kept = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if names.contains(&name) {
            continue;
        }
        names.push(name);
        if !value.is_empty() && (name, value) != ("page", "1") {
            kept.push(pair);
        }
    }
    kept.join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redirected(address: &str) -> Option<String> {
        let (path, query) = match address.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (address, None),
        };
        canonical(path, query)
    }

    #[test]
    fn other_spellings_lead_to_the_canonical_address() {
        for (address, canonical) in [
            ("/books/1/", "/books/1"),
            ("/Books/007", "/books/7"),
            ("//books//1", "/books/1"),
            (
                "/books/1/Reviews?order=best&order=worst",
                "/books/1/reviews?order=best",
            ),
            (
                "/categories/Science-Fiction/",
                "/categories/science-fiction",
            ),
            ("/categories/mystery?page=1", "/categories/mystery"),
            ("/authors/Agatha-Christie", "/authors/agatha-christie"),
            ("/search/?q=sea", "/search?q=sea"),
            ("/search?q=sea&sort=&q=land", "/search?q=sea"),
            ("/search?", "/search"),
            ("/Sign-In?next=%2Fcart&x=", "/sign-in?next=%2Fcart&x="),
        ] {
            assert_eq!(redirected(address).as_deref(), Some(canonical), "{address}");
            assert_eq!(redirected(canonical), None, "{canonical}");
        }
    }

    #[test]
    fn canonical_and_unknown_addresses_are_not_redirected() {
        for address in [
            "/",
            "//",
            "/books/",
            "/books/7",
            "/books/0",
            "/books/abc%2F",
            "/categories/%C3%A4?page=2",
            "/orders/Abc/",
            "/assets/Shop.css",
            "//evil.example/",
            "/\\evil.example/",
            "/search?q=a&page=2",
        ] {
            assert_eq!(redirected(address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn redirects_lead_to_a_known_page_and_end_there(
            address in "(/|//)(books|Search|categories|evil)?[/\\\\.%a-zA-Z0-9]{0,12}([?][a-c=&1]{0,9})?"
        ) {
            if let Some(target) = redirected(&address) {
                let first = target.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
                prop_assert!(PAGES.contains(&first) || SECTIONS.contains(&first), "{}", target);
                prop_assert!(!target.starts_with("//") && !target.starts_with("/\\"));
                prop_assert_eq!(redirected(&target), None);
            }
        }
    }
}
