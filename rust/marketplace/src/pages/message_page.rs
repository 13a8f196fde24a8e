//! Error pages. Each explains the error and offers the search field and the categories.

use std::{any::Any, time::Duration};

use askama::Template;
use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{PageLayout, render};
use crate::{headers, shop::Shop};

/// The `Retry-After` header in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");
/// The largest part of a wrong URL that is shown.
const MAX_ECHOED_CHARACTERS: usize = 60;

/// A page with an error message.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct MessagePage {
    layout: PageLayout,
    status: StatusCode,
    heading: String,
    text: String,
    /// A search that may find what the visitor meant.
    suggested_query: Option<String>,
}

impl MessagePage {
    /// A message page with this status.
    pub fn new(status: StatusCode, heading: &str, text: String) -> Self {
        Self {
            layout: PageLayout::with_all_categories(),
            status,
            heading: heading.to_owned(),
            text,
            suggested_query: None,
        }
    }

    /// A message page with status 404.
    pub fn not_found(heading: &str, text: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, heading, text)
    }

    /// Offers a search for the given text.
    #[must_use]
    pub fn with_suggested_query(mut self, suggested_query: &str) -> Self {
        let words = suggested_query.replace(['-', '_', '+', '.'], " ");
        let words: String = words.trim().chars().take(MAX_ECHOED_CHARACTERS).collect();
        if words.chars().any(char::is_alphanumeric) {
            words.clone_into(&mut self.layout.query);
            self.suggested_query = Some(words);
        }
        self
    }

    /// Shows only the categories that contain books.
    #[must_use]
    pub fn with_categories_of(mut self, shop: &Shop) -> Self {
        self.layout.categories = shop.cache.categories();
        self
    }

    /// Fills the search field with the query of the visitor.
    #[must_use]
    pub fn with_query(mut self, query: &str) -> Self {
        self.layout.query = query.chars().take(100).collect();
        self
    }

    /// The message for a `?page=` that is not a page number.
    pub fn bad_page_number(text: &str) -> Self {
        let text: String = text.chars().take(MAX_ECHOED_CHARACTERS).collect();
        let text = format!("Page numbers start at 1, but the address asks for page “{text}”.");
        Self::new(StatusCode::BAD_REQUEST, "That is not a page number", text)
    }

    /// Whether the status is 5xx.
    fn is_server_error(&self) -> bool {
        self.status.is_server_error()
    }
}

impl IntoResponse for MessagePage {
    fn into_response(self) -> Response {
        let mut response = render(self.status, &self);
        let headers = response.headers_mut();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The message if the services do not answer and there is no fallback.
pub(crate) fn service_unavailable(shop: &Shop, what: &str) -> MessagePage {
    let text = format!(
        "{what} Nothing is wrong with your connection, and nothing is lost: please try again in a moment."
    );
    MessagePage::new(StatusCode::SERVICE_UNAVAILABLE, "We’ll be right back", text)
        .with_categories_of(shop)
}

/// The fallback handler for unknown paths.
pub(crate) async fn unknown_path(address: Uri) -> Response {
    no_such_page(address.path())
}

/// The response for an unknown path. It suggests a search for the last part of the path.
pub(crate) fn no_such_page(path: &str) -> Response {
    let end = path
        .rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    let text = "The address may be misspelt, or the page has moved. The books are all still here."
        .to_owned();
    // A percent-encoded path would be shown undecoded, so it makes no suggestion.
    let suggested_query = if end.contains('%') { "" } else { end };
    MessagePage::not_found("This page doesn’t exist", text)
        .with_suggested_query(suggested_query)
        .into_response()
}

/// The handler for other methods than those of the page, such as after typing the address of
/// a form. axum adds the header `Allow`.
pub(crate) async fn method_not_allowed() -> Response {
    let text = "This address can’t be used in this way. The pages that lead to it still work.";
    let heading = "That doesn’t work here";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    MessagePage::new(status, heading, text.to_owned()).into_response()
}

/// The answer to a browser that sends requests too often. Unlike the other pages it is made
/// without any call, and does not know the visitor.
pub fn too_many_requests(retry_after: Duration) -> Response<Bytes> {
    let seconds = retry_after.as_millis().div_ceil(1000).max(1);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let text = format!(
        "More pages were opened from your network in a short time than this shop allows. Nothing \
         is lost: please wait {seconds} {unit}, and load the page again."
    );
    let status = StatusCode::TOO_MANY_REQUESTS;
    let page = MessagePage::new(status, "One moment, please", text);
    let html = page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        page.heading.clone()
    });
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers::add_to(headers);
    response
}

/// The response after a handler panicked.
#[expect(
    clippy::needless_pass_by_value,
    reason = "CatchPanicLayer fixes the signature"
)]
pub(crate) fn panic_response(panic: Box<dyn Any + Send + 'static>) -> Response {
    let cause = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(cause, "the handler of a page panicked");
    let text = "Something failed on our side. The error has been logged.".to_owned();
    let heading = "That should not have happened";
    MessagePage::new(StatusCode::INTERNAL_SERVER_ERROR, heading, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_frequent_requests_get_a_page_with_the_time_to_wait() {
        let answer = too_many_requests(Duration::from_millis(1200));
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        let headers = answer.headers();
        assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let page = String::from_utf8_lossy(answer.body());
        assert!(page.contains("please wait 2 seconds"), "{page}");
        assert!(page.contains("</html>"));
    }
}
