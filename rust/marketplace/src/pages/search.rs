//! The search page, and suggestions while the visitor types.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::BookCategory;

use super::{
    MessagePage, PageLayout, Pager, QueryParams, render, render_with_notices, service_unavailable,
};
use crate::{
    category::CategoryInfo,
    deadline::Failure,
    paging::{self, Listing, NumberedPage, PageError},
    shop::Shop,
    view::{BookCard, cards},
};

/// The longest query that the contract allows, in characters.
const MAX_QUERY_CHARACTERS: usize = 100;
/// The number of suggested books.
const MAX_SUGGESTIONS: i32 = 8;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    layout: PageLayout,
    notices: Vec<&'static str>,
    /// The category that was searched; `None` for all.
    category: Option<&'static CategoryInfo>,
    cards: Vec<BookCard>,
    pager: Option<Pager>,
}

#[derive(Template)]
#[template(path = "suggest.html")]
struct Suggestions {
    cards: Vec<BookCard>,
}

/// `GET /search?q=&category=&page=`
pub(crate) async fn search(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let (query, category, number) = match parse_query(&params) {
        Ok(parsed) => parsed,
        Err(message) => return message.with_categories_of(&shop).into_response(),
    };
    let mut layout = PageLayout::new(&shop);
    layout.query.clone_from(&query);
    let mut search = SearchPage {
        layout,
        notices: Vec::new(),
        category,
        cards: Vec::new(),
        pager: None,
    };
    if query.is_empty() {
        return render(StatusCode::OK, &search);
    }
    let deadline = shop.deadline();
    let listing = Listing::Search {
        query: query.clone(),
        category: book_category(category),
    };
    let page = match paging::read_page(&shop, deadline, &listing, number).await {
        Ok(page) => page,
        Err(page_error) => return page_error_message(&shop, &query, &page_error).into_response(),
    };
    let ids = page.books.iter().map(|book| book.book_id);
    let stock = shop.clients.stock(deadline, ids).await;
    if stock.is_err() {
        let notice = "We can’t see our stock at the moment: a book may turn out to be sold out.";
        search.notices.push(notice);
    }
    search.cards = cards(&page.books, &stock.unwrap_or_default());
    search.pager = Some(pager(&query, category, &page));
    render_with_notices(&search.notices, &search)
}

/// `GET /search/suggest?q=`: an HTML fragment of list items for the list box under the search
/// field. It is empty for an empty query.
pub(crate) async fn suggest(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let query = match parse_query(&params) {
        Ok((query, ..)) => query,
        Err(message) => return message.with_categories_of(&shop).into_response(),
    };
    let everything = BookCategory::Unspecified;
    let found = if query.is_empty() {
        Ok(Vec::new())
    } else {
        let answer = shop
            .clients
            .search(
                shop.deadline(),
                query,
                everything,
                MAX_SUGGESTIONS,
                String::new(),
            )
            .await;
        answer.map(|list_page| list_page.books)
    };
    match found {
        Ok(books) => {
            shop.cache.insert_books(&books);
            let cards = cards(&books, &Default::default());
            let mut response = render(StatusCode::OK, &Suggestions { cards });
            let minute = HeaderValue::from_static("private, max-age=60");
            response.headers_mut().insert(header::CACHE_CONTROL, minute);
            response
        }
        Err(_) => render(
            StatusCode::SERVICE_UNAVAILABLE,
            &Suggestions { cards: Vec::new() },
        ),
    }
}

/// Parses the query, the category and the page number.
fn parse_query(
    params: &QueryParams,
) -> Result<(String, Option<&'static CategoryInfo>, u32), Box<MessagePage>> {
    let query = normalize_whitespace(params.get("q").unwrap_or_default());
    let length = query.chars().count();
    if length > MAX_QUERY_CHARACTERS {
        let text = format!(
            "We can search for up to {MAX_QUERY_CHARACTERS} characters at once, and these are {length}. A few words of the title or the author will do."
        );
        let heading = "That is too long to search for";
        let message = MessagePage::new(StatusCode::BAD_REQUEST, heading, text);
        return Err(Box::new(message.with_query(&query)));
    }
    let slug = params.get("category").unwrap_or_default();
    let category = CategoryInfo::from_slug(slug);
    if category.is_none() && !slug.is_empty() {
        let text = "There is no such category to search in. These are the ones that we have.";
        let heading = "We don’t have that category";
        let message = MessagePage::new(StatusCode::BAD_REQUEST, heading, text.to_owned());
        return Err(Box::new(message.with_query(&query)));
    }
    Ok((query, category, params.page_number()?))
}

/// Replaces control characters, which databases may refuse, and reduces white space to single
/// spaces between words, so that `sea ` is the same query as `sea`.
fn normalize_whitespace(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn book_category(category: Option<&'static CategoryInfo>) -> BookCategory {
    category.map_or(BookCategory::Unspecified, |category| category.id)
}

fn pager(query: &str, category: Option<&'static CategoryInfo>, page: &NumberedPage) -> Pager {
    let mut base = format!("/search?q={}", form_urlencode(query));
    if let Some(category) = category {
        base.push_str("&category=");
        base.push_str(category.slug);
    }
    Pager::new(&base, page.number, page.has_next, None)
}

/// The URL of a search, for links on other pages.
pub(crate) fn search_url(query: &str) -> String {
    let query: String = query.chars().take(MAX_QUERY_CHARACTERS).collect();
    format!("/search?q={}", form_urlencode(&query))
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

fn page_error_message(shop: &Shop, query: &str, page_error: &PageError) -> MessagePage {
    let message = match page_error {
        PageError::BeyondEnd { last } => {
            let pages = if *last == 1 {
                "one page".to_owned()
            } else {
                format!("{last} pages")
            };
            let text = format!("The search for “{query}” found only {pages} of books.");
            MessagePage::not_found("The results end before this page", text)
                .with_categories_of(shop)
        }
        PageError::Failed(Failure::InvalidArgument | Failure::NotFound) => {
            let text = "Our catalogue can’t search for that. A few plain words of the title or the author will do.";
            let heading = "We can’t search for that";
            MessagePage::new(StatusCode::BAD_REQUEST, heading, text.to_owned())
                .with_categories_of(shop)
        }
        PageError::Failed(Failure::Unavailable) => {
            service_unavailable(shop, "The search doesn’t answer at the moment.")
        }
    };
    message.with_query(query)
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
    fn white_space_and_control_characters_are_normalized() {
        assert_eq!(
            normalize_whitespace("  the\u{0}sea \n wolf\t"),
            "the sea wolf"
        );
        assert_eq!(normalize_whitespace(" \u{3000} "), "");
    }
}
