//! The pages, one module each, and the parts that they share.

pub(crate) mod account;
mod address;
pub(crate) mod book;
pub(crate) mod book_list;
pub(crate) mod cart;
pub(crate) mod category;
pub(crate) mod checkout;
pub(crate) mod cover;
mod form_page;
pub(crate) mod home;
pub(crate) mod mails;
mod message_page;
pub(crate) mod orders;
pub(crate) mod password_reset;
pub(crate) mod recent;
mod related_books;
pub(crate) mod reviews;
pub(crate) mod search;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
pub(crate) mod sitemap;

use std::sync::Arc;

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

pub(crate) use form_page::{FormPage, see_other};
pub use message_page::too_many_requests;
pub(crate) use message_page::{
    MessagePage, method_not_allowed, no_such_page, panic_response, service_unavailable,
    unknown_path,
};

use crate::{
    category::{CATEGORIES, CategoryInfo},
    metadata::{Breadcrumb, Metadata},
    paging::MAX_PAGE_NUMBER,
    shop::Shop,
    visitor::Visitor,
};

/// The number of categories that the menu shows at once.
const CATEGORIES_IN_ROW: usize = 8;

/// The data of the header that surrounds every page.
pub(crate) struct PageLayout {
    /// The text in the search field.
    pub query: String,
    /// The categories in the navigation.
    pub categories: Vec<&'static CategoryInfo>,
    /// The category of this page, which the navigation highlights.
    pub current: Option<&'static CategoryInfo>,
    /// The pages from the home page to this one, which is the last; empty if it has none.
    pub breadcrumbs: Vec<Breadcrumb>,
    /// `None` for pages that are not for search engines.
    pub metadata: Option<Metadata>,
    /// Who asks for the page.
    pub visitor: Arc<Visitor>,
}

impl PageLayout {
    /// A layout with the categories that contain books.
    pub fn new(shop: &Shop) -> Self {
        Self {
            categories: shop.cache.categories(),
            ..Self::with_all_categories()
        }
    }

    /// A layout for pages that are rendered without access to the shop state.
    pub fn with_all_categories() -> Self {
        Self {
            query: String::new(),
            categories: CATEGORIES.iter().collect(),
            current: None,
            breadcrumbs: Vec::new(),
            metadata: None,
            visitor: Visitor::current(),
        }
    }

    /// Adds the breadcrumbs: the home page, then these.
    #[must_use]
    pub fn with_breadcrumbs(mut self, breadcrumbs: impl IntoIterator<Item = Breadcrumb>) -> Self {
        self.breadcrumbs = vec![Breadcrumb::new("Home", "/")];
        self.breadcrumbs.extend(breadcrumbs);
        self
    }

    /// Adds the description of the page for search engines, to which the breadcrumbs belong.
    #[must_use]
    pub fn with_metadata(mut self, shop: &Shop, metadata: Metadata) -> Self {
        self.metadata = Some(metadata.with_breadcrumbs(shop.url(), &self.breadcrumbs));
        self
    }

    /// The categories in the row of the menu. If there are more, the current one takes the place
    /// of the last.
    pub fn row_of_categories(&self) -> Vec<&'static CategoryInfo> {
        let mut row: Vec<_> = self
            .categories
            .iter()
            .copied()
            .take(CATEGORIES_IN_ROW)
            .collect();
        if let Some(current) = self.current
            && !row.contains(&current)
            && row.len() == CATEGORIES_IN_ROW
        {
            row.truncate(CATEGORIES_IN_ROW - 1);
            row.push(current);
        }
        row
    }

    /// Whether the row of the menu does not have all categories.
    pub fn has_more_categories(&self) -> bool {
        self.categories.len() > CATEGORIES_IN_ROW
    }

    /// Whether this is the category of the page.
    pub fn is_current(&self, category: &CategoryInfo) -> bool {
        self.current.is_some_and(|current| current == category)
    }
}

/// The query string of a URL. If a parameter occurs twice, the first value is used.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct QueryParams(Vec<(String, String)>);

impl QueryParams {
    /// The parameters of a query string.
    #[cfg(test)]
    pub fn from_query(query: &str) -> Self {
        let uri = format!("/?{query}")
            .parse()
            .expect("the query string is valid");
        let params = axum::extract::Query::try_from_uri(&uri);
        params.expect("the parameters are valid").0
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The parameter `page`; 1 if it is unset or empty.
    pub fn page_number(&self) -> Result<u32, Box<MessagePage>> {
        let Some(text) = self
            .get("page")
            .map(str::trim)
            .filter(|text| !text.is_empty())
        else {
            return Ok(1);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number
            .filter(|number| (1..=MAX_PAGE_NUMBER).contains(number))
            .ok_or_else(|| Box::new(MessagePage::bad_page_number(text)))
    }
}

/// Renders a template with a status.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "this page cannot be shown\n",
            )
                .into_response()
        }
    }
}

/// Renders a page. If it has notices, some of its data is missing, so it must not be cached.
pub(crate) fn render_with_notices(notices: &[&str], page: &impl Template) -> Response {
    let mut response = render(StatusCode::OK, page);
    if !notices.is_empty() {
        let no_store = HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
    }
    response
}

/// The links to the other pages of a list.
#[derive(Debug)]
pub(crate) struct Pager {
    pub number: u32,
    /// The number of pages, if it is known.
    pub last: Option<u32>,
    pub has_next: bool,
    /// The URL without the page number, ending in `?` or `&`.
    base: String,
}

impl Pager {
    /// A pager for URLs that start with `base`, such as `/search?q=sea`.
    pub fn new(base: &str, number: u32, has_next: bool, last: Option<u32>) -> Self {
        let separator = if base.contains('?') { '&' } else { '?' };
        Self {
            number,
            // The count may be older than the list and therefore too small.
            last: last.map(|last| last.max(number + u32::from(has_next))),
            has_next,
            base: format!("{base}{separator}"),
        }
    }

    /// Whether there is more than one page.
    pub fn is_needed(&self) -> bool {
        self.number > 1 || self.has_next
    }

    /// The URL of a page. The first page has no number in its URL.
    pub fn url(&self, number: u32) -> String {
        if number <= 1 {
            return self.base.trim_end_matches(['?', '&']).to_owned();
        }
        format!("{}page={number}", self.base)
    }

    /// The page numbers to link: the first, the last and the neighbours of the current page.
    /// 0 stands for a gap. If the number of pages is unknown, the last is left out.
    pub fn numbers(&self) -> Vec<u32> {
        let last = self.last.unwrap_or(self.number + u32::from(self.has_next));
        let near = self.number.saturating_sub(1).max(1)..=(self.number + 1).min(last);
        let mut numbers = vec![1];
        numbers.extend(near);
        if self.last.is_some() {
            numbers.push(last);
        }
        numbers.dedup();
        numbers.sort_unstable();
        numbers.dedup();
        let mut linked = Vec::with_capacity(numbers.len() + 2);
        let mut previous = 0;
        for number in numbers {
            if number == previous + 2 {
                linked.push(number - 1);
            } else if number > previous + 2 {
                linked.push(0);
            }
            linked.push(number);
            previous = number;
        }
        linked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(number: u32, has_next: bool, last: Option<u32>) -> Vec<u32> {
        Pager::new("/x", number, has_next, last).numbers()
    }

    #[test]
    fn pager_links_first_last_and_neighbours() {
        assert_eq!(numbers(1, true, Some(2)), [1, 2]);
        assert_eq!(numbers(1, true, Some(10)), [1, 2, 0, 10]);
        assert_eq!(numbers(3, true, Some(10)), [1, 2, 3, 4, 0, 10]);
        assert_eq!(numbers(4, true, Some(10)), [1, 2, 3, 4, 5, 0, 10]);
        assert_eq!(numbers(6, true, Some(10)), [1, 0, 5, 6, 7, 0, 10]);
        assert_eq!(numbers(10, false, Some(10)), [1, 0, 9, 10]);
        assert_eq!(numbers(2, true, None), [1, 2, 3]);
        assert_eq!(numbers(9, false, None), [1, 0, 8, 9]);
    }

    #[test]
    fn pager_keeps_the_other_query_parameters() {
        let pager = Pager::new("/search?q=sea", 2, false, None);
        assert_eq!(pager.url(1), "/search?q=sea");
        assert_eq!(pager.url(3), "/search?q=sea&page=3");
        assert_eq!(Pager::new("/x", 2, false, None).url(2), "/x?page=2");
    }

    #[test]
    fn page_numbers_are_positive_and_decimal() {
        let page = |text: &str| {
            let params = QueryParams(vec![("page".to_owned(), text.to_owned())]);
            params.page_number().ok()
        };
        assert_eq!(
            (page(""), page("1"), page(" 7 ")),
            (Some(1), Some(1), Some(7))
        );
        for bad in [
            "0",
            "-1",
            "+1",
            "1.5",
            "abc",
            "99999999999999999999",
            "10001",
            "٣",
        ] {
            assert_eq!(page(bad), None, "{bad}");
        }
    }
}
