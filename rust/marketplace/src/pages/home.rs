//! The home page: recommended books of several shelves.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::bookstore::{inventory::v1::Book, recommendations::v1::BookRecommendation};
use futures::future::{join_all, join3};

use super::{Chrome, away, render_with};
use crate::{
    budget::{Budget, Failure},
    currency::grouped,
    shelf::Shelf,
    shop::Shop,
    view::{Card, cards},
};

/// How many shelves the page shows.
const SHELVES: usize = 6;
/// How many books of each.
const BOOKS: i32 = 6;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    chrome: Chrome,
    notices: Vec<&'static str>,
    /// All books and all shelves that hold some.
    totals: Option<(String, usize)>,
    /// Covers for the picture at the top.
    display: Vec<String>,
    rows: Vec<Row>,
    /// Every shelf with its number of books.
    directory: Vec<(&'static Shelf, Option<String>)>,
}

/// A shelf with some of its books.
struct Row {
    shelf: &'static Shelf,
    cards: Vec<Card>,
}

/// What came of asking for one shelf's books.
type Drawn = Result<Vec<BookRecommendation>, Failure>;

/// `GET /`
pub(crate) async fn home(State(shop): State<Arc<Shop>>) -> Response {
    let budget = shop.budget();
    let counts = shop.shelves(budget.part(0.25)).await;
    let chrome = Chrome::new(&shop);
    let shown: Vec<_> = chrome.shelves.iter().copied().take(SHELVES).collect();

    // Half of the rest: Inventory can stand in for Recommendations, if there is
    // time left to ask it.
    let half = budget.part(0.5);
    let draws = shown
        .iter()
        .map(|shelf| shop.clients.recommend(half, shelf.category, BOOKS));
    let drawn = join_all(draws).await;

    let (rows, mut notices) = fill(&shop, budget, &shown, drawn).await;
    if counts.is_none() && notices.is_empty() {
        notices.push("We couldn’t count the books on our shelves just now.");
    }
    if rows.is_empty() && !notices.is_empty() {
        let what = "Our catalogue and our recommendations don’t answer at the moment.";
        return away(&shop, what).into_response();
    }
    let page = Home {
        totals: counts.as_deref().map(totals),
        display: display(&rows),
        directory: directory(&chrome, counts),
        chrome,
        notices,
        rows,
    };
    render_with(&page.notices, &page)
}

/// Looks up what was drawn, and lists books for the shelves that nothing was drawn
/// for.
async fn fill(
    shop: &Shop,
    budget: Budget,
    shown: &[&'static Shelf],
    drawn: Vec<Drawn>,
) -> (Vec<Row>, Vec<&'static str>) {
    let ids: Vec<i32> = drawn
        .iter()
        .flatten()
        .flatten()
        .map(|book| book.book_id)
        .collect();
    let stand_ins = shown.iter().zip(&drawn).map(async |(shelf, drawn)| {
        if drawn.is_ok() {
            return None;
        }
        let list = shop
            .clients
            .list(budget, shelf.category, BOOKS, String::new());
        list.await.ok().map(|slice| slice.books)
    });
    let (books, stock, stand_ins) = join3(
        shop.clients.books(budget, ids.iter().copied()),
        shop.clients.stock(budget, ids.iter().copied()),
        join_all(stand_ins),
    )
    .await;

    let notices = notices(&drawn, &stand_ins, books.is_err(), stock.is_err());
    let stock = stock.unwrap_or_default();
    let mut rows = Vec::new();
    for ((shelf, drawn), stand_in) in shown.iter().copied().zip(drawn).zip(stand_ins) {
        let cards = match (drawn, stand_in) {
            (Ok(drawn), _) => drawn_cards(shop, shelf, &drawn, books.as_ref().ok(), &stock),
            (Err(_), Some(listed)) => {
                shop.memory.keep_books(&listed);
                cards(&listed, &stock)
            }
            (Err(_), None) => Vec::new(),
        };
        if !cards.is_empty() {
            rows.push(Row { shelf, cards });
        }
    }
    (rows, notices)
}

/// The cards of what was drawn. A book that Inventory does not have any more is
/// left out; without Inventory all stay, with what is known of them.
fn drawn_cards(
    shop: &Shop,
    shelf: &Shelf,
    drawn: &[BookRecommendation],
    books: Option<&HashMap<i32, Book>>,
    stock: &HashMap<i32, i32>,
) -> Vec<Card> {
    let Some(books) = books else {
        let remembered = drawn
            .iter()
            .map(|book| shop.memory.recommended(book, shelf.category));
        return remembered
            .map(|book| Card::without_inventory(&book))
            .collect();
    };
    let found: Vec<_> = drawn
        .iter()
        .filter_map(|book| books.get(&book.book_id))
        .collect();
    shop.memory.keep_books(found.iter().copied());
    found
        .into_iter()
        .map(|book| Card::new(book, stock))
        .collect()
}

fn notices(
    drawn: &[Drawn],
    stand_ins: &[Option<Vec<Book>>],
    books_missing: bool,
    stock_missing: bool,
) -> Vec<&'static str> {
    let mut notices = Vec::new();
    if drawn.iter().any(Result::is_err) {
        let listed = stand_ins.iter().flatten().any(|books| !books.is_empty());
        notices.push(if listed {
            "Our recommendations are missing at the moment. In their place, the shelves show their first books by title."
        } else {
            "Some of our recommendations are missing at the moment."
        });
    }
    if books_missing {
        notices.push(
            "Our catalogue doesn’t answer at the moment: prices and some authors are missing.",
        );
    } else if stock_missing {
        notices.push("We can’t see our stock at the moment: a book may turn out to be sold out.");
    }
    notices
}

fn totals(counts: &[(&'static Shelf, u64)]) -> (String, usize) {
    let books = counts.iter().map(|(_, count)| count).sum();
    (grouped(books), counts.len())
}

/// Three covers, of different shelves if there are as many.
fn display(rows: &[Row]) -> Vec<String> {
    let places = 0..usize::try_from(BOOKS).unwrap_or_default();
    let by_place = places.flat_map(|place| rows.iter().filter_map(move |row| row.cards.get(place)));
    by_place.take(3).map(|card| card.cover.clone()).collect()
}

fn directory(
    chrome: &Chrome,
    counts: Option<Vec<(&'static Shelf, u64)>>,
) -> Vec<(&'static Shelf, Option<String>)> {
    match counts {
        Some(counts) => counts
            .into_iter()
            .map(|(shelf, count)| (shelf, Some(grouped(count))))
            .collect(),
        None => chrome.shelves.iter().map(|shelf| (*shelf, None)).collect(),
    }
}
