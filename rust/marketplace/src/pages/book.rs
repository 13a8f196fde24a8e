//! The page of one book.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::Book;
use futures::future::join;

use super::{Chrome, Message, away, no_such_page, render_with};
use crate::{
    budget::{Budget, Failure},
    shelf::Shelf,
    shop::Shop,
    view::{Card, Details},
};

/// How many other books of the shelf are shown.
const OTHERS: usize = 6;
/// The largest number that the contract allows for a book.
const LARGEST: i32 = 999_999_999;

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    chrome: Chrome,
    notices: Vec<&'static str>,
    book: Details,
    others: Vec<Card>,
}

/// The other books of the shelf, and whether something failed on the way to them.
struct Others {
    cards: Vec<Card>,
    failed: bool,
}

/// `GET /books/{id}`
pub(crate) async fn book(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(id)) = id else {
        return no_such_page("");
    };
    let Some(book_id) = number(&id) else {
        let text = "Books have numbers, such as /books/4. Maybe a search finds the one you mean.";
        return Message::not_found("That is not the number of a book", text.to_owned())
            .with_guess(&id)
            .in_shop(&shop)
            .into_response();
    };
    let budget = shop.budget();
    // The stock may hang without holding up the rest.
    let (stock, found) = join(
        shop.clients.stock(budget, [book_id]),
        book_and_others(&shop, budget, book_id),
    )
    .await;
    let (book, others) = match found {
        Ok(found) => found,
        Err(Failure::NotFound | Failure::Refused) => {
            let text = format!(
                "There is no book with the number {book_id}. It may have been renumbered, or never been here."
            );
            return Message::not_found("We don’t have this book", text)
                .in_shop(&shop)
                .into_response();
        }
        Err(Failure::Missing) => return from_memory(&shop, book_id),
    };
    let mut notices = Vec::new();
    if stock.is_err() {
        notices.push("We can’t see our stock at the moment.");
    }
    if others.failed {
        notices.push("Our recommendations are missing at the moment.");
    }
    let page = BookPage {
        chrome: chrome(&shop, &book),
        notices,
        book: Details::new(&book, &stock.unwrap_or_default()),
        others: others.cards,
    };
    render_with(&page.notices, &page)
}

async fn book_and_others(
    shop: &Shop,
    budget: Budget,
    book_id: i32,
) -> Result<(Book, Others), Failure> {
    let book = shop.clients.book(budget, book_id).await?;
    shop.memory.keep_books([&book]);
    let others = others(shop, budget, &book).await;
    let failed = others.is_err();
    let cards = others.unwrap_or_default();
    Ok((book, Others { cards, failed }))
}

async fn others(shop: &Shop, budget: Budget, book: &Book) -> Result<Vec<Card>, Failure> {
    let Some(shelf) = Shelf::of(book.category) else {
        return Ok(Vec::new());
    };
    // One more, in case the book itself is drawn.
    let wanted = i32::try_from(OTHERS + 1).unwrap_or(i32::MAX);
    let drawn = shop
        .clients
        .recommend(budget, shelf.category, wanted)
        .await?;
    let ids = drawn.iter().map(|other| other.book_id);
    let ids = ids.filter(|id| *id != book.book_id).take(OTHERS);
    let ids: Vec<i32> = ids.collect();
    let (books, stock) = join(
        shop.clients.books(budget, ids.iter().copied()),
        shop.clients.stock(budget, ids.iter().copied()),
    )
    .await;
    let (books, stock) = (books?, stock.unwrap_or_default());
    shop.memory.keep_books(books.values());
    let found = ids.iter().filter_map(|id| books.get(id));
    Ok(found.map(|book| Card::new(book, &stock)).collect())
}

/// The book as it was seen last, without what may have changed.
fn from_memory(shop: &Shop, book_id: i32) -> Response {
    let Some(book) = shop.memory.book(book_id) else {
        return away(shop, "We can’t look up this book at the moment.").into_response();
    };
    let mut details = Details::new(&book, &HashMap::new());
    details.card = Card::without_inventory(&book);
    let page = BookPage {
        chrome: chrome(shop, &book),
        notices: vec![
            "Our catalogue doesn’t answer at the moment: the price and the stock of this book are missing.",
        ],
        book: details,
        others: Vec::new(),
    };
    render_with(&page.notices, &page)
}

fn chrome(shop: &Shop, book: &Book) -> Chrome {
    Chrome {
        current: Shelf::of(book.category),
        ..Chrome::new(shop)
    }
}

/// The number of a book, in digits only: one book has one address.
pub(super) fn number(text: &str) -> Option<i32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| digits);
    number.filter(|number| (1..=LARGEST).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_book_has_one_number() {
        assert_eq!((number("4"), number("999999999")), (Some(4), Some(LARGEST)));
        for bad in [
            "",
            "0",
            "04",
            "-1",
            "+4",
            "4.0",
            "abc",
            "1000000000",
            "99999999999",
            "４",
        ] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
