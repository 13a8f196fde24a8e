//! The home page: recommended books of several shelves.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::bookstore::{inventory::v1::Book, recommendations::v1::BookRecommendation};
use futures::future::{join_all, join3};

use super::{PageLayout, render_with_notices, service_unavailable};
use crate::{
    category::CategoryInfo,
    currency::grouped,
    deadline::{Deadline, Failure},
    shop::Shop,
    view::{BookCard, cards},
};

/// How many shelves the page shows.
const ROWS: usize = 6;
/// How many books of each.
const BOOKS_PER_ROW: i32 = 6;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: PageLayout,
    notices: Vec<&'static str>,
    /// All books and all shelves that hold some.
    totals: Option<(String, usize)>,
    /// Covers for the picture at the top.
    hero_covers: Vec<String>,
    rows: Vec<CategoryRow>,
    /// Every shelf with its number of books.
    category_counts: Vec<(&'static CategoryInfo, Option<String>)>,
}

/// A shelf with some of its books.
struct CategoryRow {
    category: &'static CategoryInfo,
    cards: Vec<BookCard>,
}

/// What came of asking for one shelf's books.
type RecommendResult = Result<Vec<BookRecommendation>, Failure>;

/// `GET /`
pub(crate) async fn home(State(shop): State<Arc<Shop>>) -> Response {
    let deadline = shop.deadline();
    let counts = shop.categories(deadline.fraction(0.25)).await;
    let layout = PageLayout::new(&shop);
    let shown: Vec<_> = layout.categories.iter().copied().take(ROWS).collect();

    // Half of the rest: Inventory can stand in for Recommendations, if there is
    // time left to ask it.
    let half = deadline.fraction(0.5);
    let calls = shown
        .iter()
        .map(|category| shop.clients.recommend(half, category.id, BOOKS_PER_ROW));
    let recommended = join_all(calls).await;

    let (rows, mut notices) = fill_rows(&shop, deadline, &shown, recommended).await;
    if counts.is_none() && notices.is_empty() {
        notices.push("We couldn’t count the books on our shelves just now.");
    }
    if rows.is_empty() && !notices.is_empty() {
        let what = "Our catalogue and our recommendations don’t answer at the moment.";
        return service_unavailable(&shop, what).into_response();
    }
    let page = HomePage {
        totals: counts.as_deref().map(format_totals),
        hero_covers: hero_covers(&rows),
        category_counts: category_counts(&layout, counts),
        layout,
        notices,
        rows,
    };
    render_with_notices(&page.notices, &page)
}

/// Looks up what was recommended, and lists books for the shelves that nothing was recommended
/// for.
async fn fill_rows(
    shop: &Shop,
    deadline: Deadline,
    shown: &[&'static CategoryInfo],
    recommended: Vec<RecommendResult>,
) -> (Vec<CategoryRow>, Vec<&'static str>) {
    let ids: Vec<i32> = recommended
        .iter()
        .flatten()
        .flatten()
        .map(|book| book.book_id)
        .collect();
    let fallbacks = shown
        .iter()
        .zip(&recommended)
        .map(async |(category, recommended)| {
            if recommended.is_ok() {
                return None;
            }
            let list = shop
                .clients
                .list(deadline, category.id, BOOKS_PER_ROW, String::new());
            list.await.ok().map(|list_page| list_page.books)
        });
    let (books, stock, fallbacks) = join3(
        shop.clients.books(deadline, ids.iter().copied()),
        shop.clients.stock(deadline, ids.iter().copied()),
        join_all(fallbacks),
    )
    .await;

    let notices = notices(&recommended, &fallbacks, books.is_err(), stock.is_err());
    let stock = stock.unwrap_or_default();
    let mut rows = Vec::new();
    for ((category, recommended), fallback) in shown.iter().copied().zip(recommended).zip(fallbacks)
    {
        let cards = match (recommended, fallback) {
            (Ok(recommended), _) => {
                recommended_cards(shop, category, &recommended, books.as_ref().ok(), &stock)
            }
            (Err(_), Some(listed)) => {
                shop.cache.insert_books(&listed);
                cards(&listed, &stock)
            }
            (Err(_), None) => Vec::new(),
        };
        if !cards.is_empty() {
            rows.push(CategoryRow { category, cards });
        }
    }
    (rows, notices)
}

/// The cards of what was recommended. A book that Inventory does not have any more is
/// left out; without Inventory all stay, with what is known of them.
fn recommended_cards(
    shop: &Shop,
    category: &CategoryInfo,
    recommended: &[BookRecommendation],
    books: Option<&HashMap<i32, Book>>,
    stock: &HashMap<i32, i32>,
) -> Vec<BookCard> {
    let Some(books) = books else {
        let remembered = recommended
            .iter()
            .map(|book| shop.cache.recommended_book(book, category.id));
        return remembered
            .map(|book| BookCard::without_inventory(&book))
            .collect();
    };
    let found: Vec<_> = recommended
        .iter()
        .filter_map(|book| books.get(&book.book_id))
        .collect();
    shop.cache.insert_books(found.iter().copied());
    found
        .into_iter()
        .map(|book| BookCard::new(book, stock))
        .collect()
}

fn notices(
    recommended: &[RecommendResult],
    fallbacks: &[Option<Vec<Book>>],
    books_missing: bool,
    stock_missing: bool,
) -> Vec<&'static str> {
    let mut notices = Vec::new();
    if recommended.iter().any(Result::is_err) {
        let listed = fallbacks.iter().flatten().any(|books| !books.is_empty());
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

fn format_totals(counts: &[(&'static CategoryInfo, u64)]) -> (String, usize) {
    let books = counts.iter().map(|(_, count)| count).sum();
    (grouped(books), counts.len())
}

/// Three covers, of different shelves if there are as many.
fn hero_covers(rows: &[CategoryRow]) -> Vec<String> {
    let places = 0..usize::try_from(BOOKS_PER_ROW).unwrap_or_default();
    let by_place = places.flat_map(|place| rows.iter().filter_map(move |row| row.cards.get(place)));
    by_place.take(3).map(|card| card.cover.clone()).collect()
}

fn category_counts(
    layout: &PageLayout,
    counts: Option<Vec<(&'static CategoryInfo, u64)>>,
) -> Vec<(&'static CategoryInfo, Option<String>)> {
    match counts {
        Some(counts) => counts
            .into_iter()
            .map(|(category, count)| (category, Some(grouped(count))))
            .collect(),
        None => layout
            .categories
            .iter()
            .map(|category| (*category, None))
            .collect(),
    }
}
