//! Pages for when something is wrong. Each says what, and offers a way on: the
//! search field and the shelves.

use std::any::Any;

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{PageLayout, render};
use crate::shop::Shop;

/// After so many seconds a visitor may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");
/// No more of a wrong address is shown than this.
const MAX_ECHOED_CHARACTERS: usize = 60;

/// A page that says what is wrong.
#[derive(Debug, Template)]
#[template(path = "message.html")]
pub(crate) struct MessagePage {
    layout: PageLayout,
    status: StatusCode,
    heading: String,
    text: String,
    /// A search that may find what was meant.
    suggested_query: Option<String>,
}

impl MessagePage {
    /// A message with a status.
    pub fn new(status: StatusCode, heading: &str, text: String) -> Self {
        Self {
            layout: PageLayout::with_all_categories(),
            status,
            heading: heading.to_owned(),
            text,
            suggested_query: None,
        }
    }

    /// The address asks for something that is not there.
    pub fn not_found(heading: &str, text: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, heading, text)
    }

    /// Offers to search for what was meant.
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

    /// Offers only the shelves that hold books.
    #[must_use]
    pub fn with_categories_of(mut self, shop: &Shop) -> Self {
        self.layout.categories = shop.cache.categories();
        self
    }

    /// Keeps in the search field what was searched for.
    #[must_use]
    pub fn with_query(mut self, query: &str) -> Self {
        self.layout.query = query.chars().take(100).collect();
        self
    }

    /// `?page=` holds something else than a page number.
    pub fn bad_page_number(text: &str) -> Self {
        let text: String = text.chars().take(MAX_ECHOED_CHARACTERS).collect();
        let text = format!("Pages count from 1, but the address asks for page “{text}”.");
        Self::new(StatusCode::BAD_REQUEST, "That is not a page number", text)
    }

    /// Whether the fault is ours.
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

/// The services do not answer, and nothing can stand in for them.
pub(crate) fn service_unavailable(shop: &Shop, what: &str) -> MessagePage {
    let text = format!(
        "{what} Nothing is wrong with your connection, and nothing is lost: please try again in a moment."
    );
    MessagePage::new(StatusCode::SERVICE_UNAVAILABLE, "We’ll be right back", text)
        .with_categories_of(shop)
}

/// For paths that have no page.
pub(crate) async fn unknown_path(address: Uri) -> Response {
    no_such_page(address.path())
}

/// There is no page at the path.
pub(crate) fn no_such_page(path: &str) -> Response {
    let end = path
        .rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    let text = "The address may be misspelt, or the page has moved. The books are all still here."
        .to_owned();
    // An escaped path would be shown as it is: no suggested_query then.
    let suggested_query = if end.contains('%') { "" } else { end };
    MessagePage::not_found("This page isn’t on our shelves", text)
        .with_suggested_query(suggested_query)
        .into_response()
}

/// For methods that a page does not have.
pub(crate) async fn method_not_allowed() -> Response {
    let text = "This page can be read, but nothing can be sent to it.".to_owned();
    let message = MessagePage::new(StatusCode::METHOD_NOT_ALLOWED, "Only for reading", text);
    let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
    (allow, message).into_response()
}

/// For when our own code has failed.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer that calls it says so"
)]
pub(crate) fn panic_response(panic: Box<dyn Any + Send + 'static>) -> Response {
    let cause = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(cause, "a page panicked");
    let text = "Something broke on our side. It has been noted.".to_owned();
    let heading = "That should not have happened";
    MessagePage::new(StatusCode::INTERNAL_SERVER_ERROR, heading, text).into_response()
}
