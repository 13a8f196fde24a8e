//! The search page, and suggestions while the visitor types.

mod criteria;
mod facets;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::{Book, SearchBooksResponse, SearchOrder};
use text_normalization::slug;

use self::{
    criteria::{Criteria, ORDERS},
    facets::FacetGroup,
};
pub(crate) use self::{
    criteria::{MAX_QUERY_CHARACTERS, search_url},
    facets::language_name,
};
use super::{
    MessagePage, PageLayout, Pager, QueryParams, book_list::BookList, related_books, render,
    render_with_notices, service_unavailable,
};
use crate::{
    currency::with_thousands_separators,
    deadline::{Deadline, Failure},
    paging::{MAX_PAGE_NUMBER, PAGE_SIZE},
    shop::Shop,
    view::{BookCard, cards},
};

/// The number of suggested books.
const MAX_SUGGESTIONS: i32 = 8;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    layout: PageLayout,
    notices: Vec<&'static str>,
    criteria: Criteria,
    /// The number of found books, with thousands separators.
    count: String,
    /// Another spelling, with the URL of its search: see `SearchBooksResponse.did_you_mean`.
    did_you_mean: Option<(String, String)>,
    groups: Vec<FacetGroup>,
    /// The lists whose name is the query: what stands before the name, the name and the path.
    lists: Vec<(&'static str, String, String)>,
    cards: Vec<BookCard>,
    /// Other books, if none is found.
    recommended: Vec<BookCard>,
    pager: Option<Pager>,
}

impl SearchPage {
    /// The orders with their names in the URL and on the page.
    fn orders(&self) -> &'static [(SearchOrder, &'static str, &'static str)] {
        &ORDERS
    }

    /// The other parameters of the URL, for the form that changes the order.
    fn hidden_fields(&self) -> Vec<(&'static str, String)> {
        self.criteria.filter_fields()
    }
}

#[derive(Template)]
#[template(path = "suggest.html")]
struct Suggestions {
    cards: Vec<BookCard>,
    /// The URL of the whole result and the number of its books, if there are more.
    all: Option<(String, String)>,
}

/// `GET /search?q=&category=&price=&year=&language=&rating=&availability=&sort=&page=`
pub(crate) async fn search(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let parsed =
        Criteria::parse(&params).and_then(|criteria| Ok((criteria, params.page_number()?)));
    let (criteria, number) = match parsed {
        Ok(parsed) => parsed,
        Err(message) => return message.with_categories_of(&shop).into_response(),
    };
    let mut layout = PageLayout::new(&shop);
    layout.query.clone_from(&criteria.query);
    let mut search = SearchPage {
        layout,
        notices: Vec::new(),
        count: String::new(),
        did_you_mean: None,
        groups: Vec::new(),
        lists: Vec::new(),
        cards: Vec::new(),
        recommended: Vec::new(),
        pager: None,
        criteria,
    };
    if search.criteria.query.is_empty() {
        return render(StatusCode::OK, &search);
    }
    let deadline = shop.deadline();
    let page_size = i32::try_from(PAGE_SIZE).unwrap_or(i32::MAX);
    let skip = i32::try_from((number - 1) * PAGE_SIZE).unwrap_or(i32::MAX);
    let mut request = search.criteria.request(page_size, skip);
    request.with_facets = true;
    let found = match shop.clients.search(deadline, request).await {
        Ok(found) => found,
        Err(failure) => return failure_message(&shop, &search.criteria, failure).into_response(),
    };
    let last = last_page(found.total_count);
    if number > last {
        return beyond_last_page(&shop, &search.criteria, last).into_response();
    }
    shop.cache.insert_books(&found.books);
    let ids = found.books.iter().map(|book| book.book_id);
    let stock = shop.clients.stock(deadline, ids).await;
    if stock.is_err() {
        let notice = "We can’t see our stock at the moment: a book may turn out to be sold out.";
        search.notices.push(notice);
    }
    search.cards = cards(&found.books, &stock.unwrap_or_default());
    if found.books.is_empty() {
        search.recommended = recommended(&shop, deadline, &search).await;
    }
    let url = search.criteria.url();
    search.pager = Some(Pager::new(&url, number, number < last, Some(last)));
    search.show_result(&found);
    render_with_notices(&search.notices, &search)
}

impl SearchPage {
    /// Shows what is known of the whole result.
    fn show_result(&mut self, found: &SearchBooksResponse) {
        self.count =
            with_thousands_separators(u64::try_from(found.total_count).unwrap_or_default());
        if let Some(facets) = &found.facets {
            let currency_code = currency_code(&found.books);
            self.groups = facets::groups(&self.criteria, facets, found.total_count, currency_code);
        }
        let slug = slug(&self.criteria.query);
        let lists = [BookList::Author, BookList::Series].into_iter();
        let lists = lists.filter_map(|list| {
            let name = list.name_with_slug(&found.books, &slug)?;
            Some((list.link_text(), name.to_owned(), list.path(name)?))
        });
        self.lists = lists.collect();
        if !found.did_you_mean.is_empty() {
            let url = search_url(&found.did_you_mean);
            self.did_you_mean = Some((found.did_you_mean.clone(), url));
        }
    }
}

/// Books of the category in which the visitor searches, or of the first one. Without them, the
/// page is complete.
async fn recommended(shop: &Shop, deadline: Deadline, search: &SearchPage) -> Vec<BookCard> {
    let first = search.layout.categories.first().copied();
    let Some(category) = search.criteria.category.or(first) else {
        return Vec::new();
    };
    let cards = related_books::recommended_in(shop, deadline, category);
    cards.await.unwrap_or_default()
}

/// `GET /search/suggest?q=`: an HTML fragment of list items for the list box under the search
/// field. It is empty for an empty query.
pub(crate) async fn suggest(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let criteria = match Criteria::parse(&params) {
        Ok(criteria) => criteria,
        Err(message) => return message.with_categories_of(&shop).into_response(),
    };
    let found = if criteria.query.is_empty() {
        Ok(SearchBooksResponse::default())
    } else {
        let request = criteria.request(MAX_SUGGESTIONS, 0);
        shop.clients.search(shop.deadline(), request).await
    };
    match found {
        Ok(found) => {
            shop.cache.insert_books(&found.books);
            let count = u64::try_from(found.total_count).unwrap_or_default();
            let all = (found.total_count > MAX_SUGGESTIONS)
                .then(|| (criteria.url(), with_thousands_separators(count)));
            let cards = cards(&found.books, &Default::default());
            let mut response = render(StatusCode::OK, &Suggestions { cards, all });
            let minute = HeaderValue::from_static("private, max-age=60");
            response.headers_mut().insert(header::CACHE_CONTROL, minute);
            response
        }
        Err(_) => {
            let nothing = Suggestions {
                cards: Vec::new(),
                all: None,
            };
            render(StatusCode::SERVICE_UNAVAILABLE, &nothing)
        }
    }
}

/// The number of the last page that can be opened; 1 if there are no books.
pub(crate) fn last_page(total_count: i32) -> u32 {
    let count = u32::try_from(total_count).unwrap_or_default();
    count.div_ceil(PAGE_SIZE).clamp(1, MAX_PAGE_NUMBER)
}

/// The currency of the prices in the filters: that of the first book.
fn currency_code(books: &[Book]) -> &str {
    let price = books.first().and_then(|book| book.price.as_ref());
    price.map_or("USD", |price| &price.currency_code)
}

/// Escapes a value in the query of a URL.
pub(crate) fn form_urlencode(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                text.push(char::from(byte));
            }
            b' ' => text.push('+'),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                text.push('%');
                text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                text.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
    text
}

/// The message for a page number after the last page.
fn beyond_last_page(shop: &Shop, criteria: &Criteria, last: u32) -> MessagePage {
    let pages = if last == 1 {
        "one page".to_owned()
    } else {
        format!("{last} pages")
    };
    let query = &criteria.query;
    let text = format!("The search for “{query}” found only {pages} of books.");
    MessagePage::not_found("The results end before this page", text)
        .with_categories_of(shop)
        .with_query(query)
}

fn failure_message(shop: &Shop, criteria: &Criteria, failure: Failure) -> MessagePage {
    let message = match failure {
        Failure::InvalidArgument | Failure::NotFound => {
            let text = "Our catalogue can’t search for that. A few plain words of the title or the author will do.";
            let heading = "We can’t search for that";
            MessagePage::new(StatusCode::BAD_REQUEST, heading, text.to_owned())
                .with_categories_of(shop)
        }
        Failure::Unavailable => {
            service_unavailable(shop, "The search doesn’t answer at the moment.")
        }
    };
    message.with_query(&criteria.query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_percent_encoded() {
        assert_eq!(
            form_urlencode("García & söhne"),
            "Garc%C3%ADa+%26+s%C3%B6hne"
        );
        assert_eq!(form_urlencode("\"<script>"), "%22%3Cscript%3E");
    }

    #[test]
    fn last_page_is_that_of_the_last_book() {
        let pages = [0, 1, 24, 25, 48, 49, i32::MAX].map(last_page);
        assert_eq!(pages, [1, 1, 1, 2, 2, 3, MAX_PAGE_NUMBER]);
    }
}
