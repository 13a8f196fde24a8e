//! The home page: recommended books of several categories.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::bookstore::{inventory::v1::Book, recommendations::v1::BookRecommendation};
use futures::future::{join, join_all, join3};

use super::{PageLayout, recent, render_with_notices, service_unavailable};
use crate::{
    category::CategoryInfo,
    currency::with_thousands_separators,
    deadline::{Deadline, Failure},
    metadata::{self, Metadata},
    shop::Shop,
    view::{BookCard, cards},
};

/// The number of categories that are shown with books.
const MAX_ROWS: usize = 6;
/// The number of books of each category.
const BOOKS_PER_ROW: i32 = 6;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: PageLayout,
    notices: Vec<&'static str>,
    /// The number of books, formatted, and of categories that contain books.
    totals: Option<(String, usize)>,
    /// The URLs of the covers in the hero section at the top.
    hero_covers: Vec<String>,
    recent: Vec<BookCard>,
    rows: Vec<CategoryRow>,
    /// Every category with its number of books, formatted.
    category_counts: Vec<(&'static CategoryInfo, Option<String>)>,
}

/// A category with some of its books.
struct CategoryRow {
    category: &'static CategoryInfo,
    cards: Vec<BookCard>,
}

/// The result of one call of Recommend.
type RecommendResult = Result<Vec<BookRecommendation>, Failure>;

/// `GET /`
pub(crate) async fn home(State(shop): State<Arc<Shop>>) -> Response {
    let deadline = shop.deadline();
    let counts = shop.categories(deadline.fraction(0.25)).await;
    let description = "Bindery, a bookshop with categories from Mystery to Poetry.";
    let mut metadata = Metadata::new(shop.url(), "/", "Bindery, a bookshop", description);
    metadata.structured_data.push(metadata::website(shop.url()));
    let layout = PageLayout::new(&shop).with_metadata(&shop, metadata);
    let shown: Vec<_> = layout.categories.iter().copied().take(MAX_ROWS).collect();

    // Half of the remaining time, so that time remains for the fallback to Inventory.
    let recommend_deadline = deadline.fraction(0.5);
    let calls = shown.iter().map(|category| {
        let visitor = &layout.visitor;
        shop.clients
            .recommend_to(visitor, recommend_deadline, category.id, BOOKS_PER_ROW)
    });
    let recommended = join_all(calls).await;

    let ((rows, mut notices), recent) = join(
        fill_rows(&shop, deadline, &shown, recommended),
        recent::cards(&shop, deadline, layout.visitor.recent.ids()),
    )
    .await;
    if counts.is_none() && notices.is_empty() {
        notices.push("We couldn’t count our books just now.");
    }
    if rows.is_empty() && !notices.is_empty() {
        let what = "Our catalogue and our recommendations don’t answer at the moment.";
        return service_unavailable(&shop, what).into_response();
    }
    let page = HomePage {
        totals: counts.as_deref().map(format_totals),
        hero_covers: hero_covers(&rows),
        recent,
        category_counts: category_counts(&layout, counts),
        layout,
        notices,
        rows,
    };
    render_with_notices(&page.notices, &page)
}

/// Gets the recommended books from Inventory. For categories whose recommendation failed it
/// lists books instead.
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

/// The cards of recommended books. `books` is `None` if Inventory did not answer: then the
/// cards show cached data. A book that Inventory no longer has is left out.
fn recommended_cards(
    shop: &Shop,
    category: &CategoryInfo,
    recommended: &[BookRecommendation],
    books: Option<&HashMap<i32, Book>>,
    stock: &HashMap<i32, i32>,
) -> Vec<BookCard> {
    let Some(books) = books else {
        let cached = recommended
            .iter()
            .map(|book| shop.cache.recommended_book(book, category.id));
        return cached
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
            "Our recommendations are missing at the moment. In their place, the categories show their first books by title."
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
    (with_thousands_separators(books), counts.len())
}

/// Up to three covers, from different categories if possible.
fn hero_covers(rows: &[CategoryRow]) -> Vec<String> {
    let positions = 0..usize::try_from(BOOKS_PER_ROW).unwrap_or_default();
    let by_position =
        positions.flat_map(|position| rows.iter().filter_map(move |row| row.cards.get(position)));
    by_position.take(3).map(|card| card.cover.clone()).collect()
}

fn category_counts(
    layout: &PageLayout,
    counts: Option<Vec<(&'static CategoryInfo, u64)>>,
) -> Vec<(&'static CategoryInfo, Option<String>)> {
    match counts {
        Some(counts) => counts
            .into_iter()
            .map(|(category, count)| (category, Some(with_thousands_separators(count))))
            .collect(),
        None => layout
            .categories
            .iter()
            .map(|category| (*category, None))
            .collect(),
    }
}
