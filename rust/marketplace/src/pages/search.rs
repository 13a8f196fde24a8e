//! Search, by a form and while one types.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::BookCategory;

use super::{Asked, Chrome, Message, Pager, away, render, render_with};
use crate::{
    budget::Failure,
    paging::{self, Listing, NoPage, Page},
    shelf::Shelf,
    shop::Shop,
    view::{Card, cards},
};

/// The longest query that the contract allows, in characters.
const LONGEST: usize = 100;
/// How many books are suggested.
const SUGGESTIONS: i32 = 8;

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    chrome: Chrome,
    notices: Vec<&'static str>,
    /// The shelf that was searched; `None` for all.
    shelf: Option<&'static Shelf>,
    cards: Vec<Card>,
    pager: Option<Pager>,
}

#[derive(Template)]
#[template(path = "suggest.html")]
struct Suggestions {
    cards: Vec<Card>,
}

/// `GET /search?q=&shelf=&page=`
pub(crate) async fn search(State(shop): State<Arc<Shop>>, Query(asked): Query<Asked>) -> Response {
    let (query, shelf, number) = match read(&asked) {
        Ok(read) => read,
        Err(message) => return message.in_shop(&shop).into_response(),
    };
    let mut chrome = Chrome::new(&shop);
    chrome.query.clone_from(&query);
    let mut search = Search {
        chrome,
        notices: Vec::new(),
        shelf,
        cards: Vec::new(),
        pager: None,
    };
    if query.is_empty() {
        return render(StatusCode::OK, &search);
    }
    let budget = shop.budget();
    let listing = Listing::Search {
        query: query.clone(),
        category: category(shelf),
    };
    let page = match paging::read(&shop, budget, &listing, number).await {
        Ok(page) => page,
        Err(no_page) => return without_page(&shop, &query, &no_page).into_response(),
    };
    let ids = page.books.iter().map(|book| book.book_id);
    let stock = shop.clients.stock(budget, ids).await;
    if stock.is_err() {
        let notice = "We can’t see our stock at the moment: a book may turn out to be sold out.";
        search.notices.push(notice);
    }
    search.cards = cards(&page.books, &stock.unwrap_or_default());
    search.pager = Some(pager(&query, shelf, &page));
    render_with(&search.notices, &search)
}

/// `GET /search/suggest?q=`: list items, to be put into the list box under the
/// field. Nothing for nothing.
pub(crate) async fn suggest(State(shop): State<Arc<Shop>>, Query(asked): Query<Asked>) -> Response {
    let query = match read(&asked) {
        Ok((query, ..)) => query,
        Err(message) => return message.in_shop(&shop).into_response(),
    };
    let everything = BookCategory::Unspecified;
    let found = if query.is_empty() {
        Ok(Vec::new())
    } else {
        let answer = shop
            .clients
            .search(shop.budget(), query, everything, SUGGESTIONS, String::new())
            .await;
        answer.map(|slice| slice.books)
    };
    match found {
        Ok(books) => {
            shop.memory.keep_books(&books);
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

/// Query, shelf and page number of an address.
fn read(asked: &Asked) -> Result<(String, Option<&'static Shelf>, u32), Box<Message>> {
    let query = words(asked.get("q").unwrap_or_default());
    let length = query.chars().count();
    if length > LONGEST {
        let text = format!(
            "We can search for up to {LONGEST} characters at once, and these are {length}. A few words of the title or the author will do."
        );
        let heading = "That is too long to search for";
        let message = Message::new(StatusCode::BAD_REQUEST, heading, text);
        return Err(Box::new(message.with_query(&query)));
    }
    let slug = asked.get("shelf").unwrap_or_default();
    let shelf = Shelf::of_slug(slug);
    if shelf.is_none() && !slug.is_empty() {
        let text = "There is no such category to search in. These are the ones that we have.";
        let heading = "We don’t have that shelf";
        let message = Message::new(StatusCode::BAD_REQUEST, heading, text.to_owned());
        return Err(Box::new(message.with_query(&query)));
    }
    Ok((query, shelf, asked.page()?))
}

/// Words with one space between them: databases don't take every control
/// character, and `sea ` asks for the same as `sea`.
fn words(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn category(shelf: Option<&'static Shelf>) -> BookCategory {
    shelf.map_or(BookCategory::Unspecified, |shelf| shelf.category)
}

fn pager(query: &str, shelf: Option<&'static Shelf>, page: &Page) -> Pager {
    let mut base = format!("/search?q={}", encoded(query));
    if let Some(shelf) = shelf {
        base.push_str("&shelf=");
        base.push_str(shelf.slug);
    }
    Pager::new(&base, page.number, page.has_next, None)
}

/// The address of a search, for links on other pages.
pub(crate) fn address(query: &str) -> String {
    let query: String = query.chars().take(LONGEST).collect();
    format!("/search?q={}", encoded(&query))
}

fn encoded(query: &str) -> String {
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

fn without_page(shop: &Shop, query: &str, no_page: &NoPage) -> Message {
    let message = match no_page {
        NoPage::BeyondEnd { last } => {
            let pages = if *last == 1 {
                "one page".to_owned()
            } else {
                format!("{last} pages")
            };
            let text = format!("The search for “{query}” found only {pages} of books.");
            Message::not_found("The results end before this page", text).in_shop(shop)
        }
        NoPage::Failed(Failure::Refused | Failure::NotFound) => {
            let text = "Our catalogue can’t search for that. A few plain words of the title or the author will do.";
            let heading = "We can’t search for that";
            Message::new(StatusCode::BAD_REQUEST, heading, text.to_owned()).in_shop(shop)
        }
        NoPage::Failed(Failure::Missing) => away(shop, "The search doesn’t answer at the moment."),
    };
    message.with_query(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_survive_the_address() {
        assert_eq!(encoded("García & söhne"), "Garc%C3%ADa+%26+s%C3%B6hne");
        assert_eq!(encoded("\"<script>"), "%22%3Cscript%3E");
    }

    #[test]
    fn a_query_is_its_words() {
        assert_eq!(words("  the\u{0}sea \n wolf\t"), "the sea wolf");
        assert_eq!(words(" \u{3000} "), "");
    }
}
