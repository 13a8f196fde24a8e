//! The page of one shelf.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use futures::future::join;

use super::{Asked, Chrome, Message, Pager, away, no_such_page, render_with};
use crate::{
    budget::Budget,
    currency::grouped,
    paging::{self, Listing, NoPage, PAGE_SIZE, Page},
    shelf::Shelf,
    shop::Shop,
    view::{Card, cards},
};

#[derive(Template)]
#[template(path = "category.html")]
struct Category {
    chrome: Chrome,
    notices: Vec<&'static str>,
    shelf: &'static Shelf,
    count: Option<String>,
    cards: Vec<Card>,
    pager: Option<Pager>,
}

/// `GET /categories/{slug}?page=`
pub(crate) async fn category(
    State(shop): State<Arc<Shop>>,
    slug: Result<Path<String>, PathRejection>,
    Query(asked): Query<Asked>,
) -> Response {
    let Ok(Path(slug)) = slug else {
        return no_such_page("");
    };
    let Some(shelf) = Shelf::of_slug(&slug) else {
        return unknown(&shop, &slug).into_response();
    };
    let number = match asked.page() {
        Ok(number) => number,
        Err(message) => return message.in_shop(&shop).into_response(),
    };
    let budget = shop.budget();
    let listing = Listing::Shelf(shelf.category);
    // What is left of it lets Recommendations stand in.
    let most = budget.part(0.7);
    let (counts, page) = join(
        shop.shelves(most),
        paging::read(&shop, most, &listing, number),
    )
    .await;
    let count = counts.map(|counts| {
        let own = counts.iter().find(|(counted, _)| *counted == shelf);
        own.map_or(0, |(_, count)| *count)
    });
    let mut chrome = Chrome::new(&shop);
    chrome.current = Some(shelf);
    match page {
        Ok(page) => listed(&shop, budget, chrome, shelf, count, page).await,
        Err(NoPage::BeyondEnd { last }) => beyond_end(&shop, shelf, last).into_response(),
        Err(NoPage::Failed(_)) => recommended(&shop, budget, chrome, shelf).await,
    }
}

async fn listed(
    shop: &Shop,
    budget: Budget,
    chrome: Chrome,
    shelf: &'static Shelf,
    count: Option<u64>,
    page: Page,
) -> Response {
    let ids = page.books.iter().map(|book| book.book_id);
    let stock = shop.clients.stock(budget, ids).await;
    let mut notices = Vec::new();
    if stock.is_err() {
        notices.push("We can’t see our stock at the moment: a book may turn out to be sold out.");
    }
    let last = count.map(|count| count.div_ceil(u64::from(PAGE_SIZE)));
    let last = last.and_then(|last| u32::try_from(last).ok());
    let base = format!("/categories/{}", shelf.slug);
    let category = Category {
        chrome,
        notices,
        shelf,
        count: count.map(grouped),
        cards: cards(&page.books, &stock.unwrap_or_default()),
        pager: Some(Pager::new(&base, page.number, page.has_next, last)),
    };
    render_with(&category.notices, &category)
}

/// Without Inventory: some books of the shelf, as Recommendations knows them.
async fn recommended(
    shop: &Shop,
    budget: Budget,
    chrome: Chrome,
    shelf: &'static Shelf,
) -> Response {
    let size = i32::try_from(PAGE_SIZE).unwrap_or(i32::MAX);
    let drawn = shop.clients.recommend(budget, shelf.category, size).await;
    let drawn = drawn.unwrap_or_default();
    if drawn.is_empty() {
        return away(shop, "Our catalogue doesn’t answer at the moment.").into_response();
    }
    let cards = drawn.iter().map(|book| {
        let remembered = shop.memory.recommended(book, shelf.category);
        Card::without_inventory(&remembered)
    });
    let category = Category {
        chrome,
        notices: vec![
            "Our catalogue doesn’t answer at the moment, so we can’t list the whole shelf. Here are some of its books, without prices.",
        ],
        shelf,
        count: None,
        cards: cards.collect(),
        pager: None,
    };
    render_with(&category.notices, &category)
}

fn unknown(shop: &Shop, slug: &str) -> Message {
    let text = "There is no such category. These are the ones that we have.".to_owned();
    Message::not_found("We don’t have that shelf", text)
        .with_guess(slug)
        .in_shop(shop)
}

/// Says where the list ends.
fn beyond_end(shop: &Shop, shelf: &Shelf, last: u32) -> Message {
    let pages = if last == 1 {
        "one page".to_owned()
    } else {
        format!("{last} pages")
    };
    let text = format!("“{}” has only {pages}.", shelf.name);
    Message::not_found("The shelf ends before this page", text).in_shop(shop)
}
