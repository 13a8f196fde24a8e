//! The page of one shelf.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use futures::future::join;

use super::{
    MessagePage, PageLayout, Pager, QueryParams, no_such_page, render_with_notices,
    service_unavailable,
};
use crate::{
    category::CategoryInfo,
    currency::grouped,
    deadline::Deadline,
    paging::{self, Listing, PAGE_SIZE, Page, PageError},
    shop::Shop,
    view::{BookCard, cards},
};

#[derive(Template)]
#[template(path = "category.html")]
struct CategoryPage {
    layout: PageLayout,
    notices: Vec<&'static str>,
    category: &'static CategoryInfo,
    count: Option<String>,
    cards: Vec<BookCard>,
    pager: Option<Pager>,
}

/// `GET /categories/{slug}?page=`
pub(crate) async fn category(
    State(shop): State<Arc<Shop>>,
    slug: Result<Path<String>, PathRejection>,
    Query(params): Query<QueryParams>,
) -> Response {
    let Ok(Path(slug)) = slug else {
        return no_such_page("");
    };
    let Some(category) = CategoryInfo::from_slug(&slug) else {
        return unknown(&shop, &slug).into_response();
    };
    let number = match params.page_number() {
        Ok(number) => number,
        Err(message) => return message.with_categories_of(&shop).into_response(),
    };
    let deadline = shop.deadline();
    let listing = Listing::Category(category.id);
    // What is left of it lets Recommendations stand in.
    let most = deadline.fraction(0.7);
    let (counts, page) = join(
        shop.categories(most),
        paging::read_page(&shop, most, &listing, number),
    )
    .await;
    let count = counts.map(|counts| {
        let own = counts.iter().find(|(counted, _)| *counted == category);
        own.map_or(0, |(_, count)| *count)
    });
    let mut layout = PageLayout::new(&shop);
    layout.current = Some(category);
    match page {
        Ok(page) => listed(&shop, deadline, layout, category, count, page).await,
        Err(PageError::BeyondEnd { last }) => beyond_end(&shop, category, last).into_response(),
        Err(PageError::Failed(_)) => recommended(&shop, deadline, layout, category).await,
    }
}

async fn listed(
    shop: &Shop,
    deadline: Deadline,
    layout: PageLayout,
    category: &'static CategoryInfo,
    count: Option<u64>,
    list: Page,
) -> Response {
    let ids = list.books.iter().map(|book| book.book_id);
    let stock = shop.clients.stock(deadline, ids).await;
    let mut notices = Vec::new();
    if stock.is_err() {
        notices.push("We can’t see our stock at the moment: a book may turn out to be sold out.");
    }
    let last = count.map(|count| count.div_ceil(u64::from(PAGE_SIZE)));
    let last = last.and_then(|last| u32::try_from(last).ok());
    let base = format!("/categories/{}", category.slug);
    let page = CategoryPage {
        layout,
        notices,
        category,
        count: count.map(grouped),
        cards: cards(&list.books, &stock.unwrap_or_default()),
        pager: Some(Pager::new(&base, list.number, list.has_next, last)),
    };
    render_with_notices(&page.notices, &page)
}

/// Without Inventory: some books of the shelf, as Recommendations knows them.
async fn recommended(
    shop: &Shop,
    deadline: Deadline,
    layout: PageLayout,
    category: &'static CategoryInfo,
) -> Response {
    let size = i32::try_from(PAGE_SIZE).unwrap_or(i32::MAX);
    let drawn = shop.clients.recommend(deadline, category.id, size).await;
    let drawn = drawn.unwrap_or_default();
    if drawn.is_empty() {
        return service_unavailable(shop, "Our catalogue doesn’t answer at the moment.")
            .into_response();
    }
    let cards = drawn.iter().map(|book| {
        let remembered = shop.cache.recommended_book(book, category.id);
        BookCard::without_inventory(&remembered)
    });
    let page = CategoryPage {
        layout,
        notices: vec![
            "Our catalogue doesn’t answer at the moment, so we can’t list the whole shelf. Here are some of its books, without prices.",
        ],
        category,
        count: None,
        cards: cards.collect(),
        pager: None,
    };
    render_with_notices(&page.notices, &page)
}

fn unknown(shop: &Shop, slug: &str) -> MessagePage {
    let text = "There is no such category. These are the ones that we have.".to_owned();
    MessagePage::not_found("We don’t have that shelf", text)
        .with_suggested_query(slug)
        .with_categories_of(shop)
}

/// Says where the list ends.
fn beyond_end(shop: &Shop, category: &CategoryInfo, last: u32) -> MessagePage {
    let pages = if last == 1 {
        "one page".to_owned()
    } else {
        format!("{last} pages")
    };
    let text = format!("“{}” has only {pages}.", category.name);
    MessagePage::not_found("The shelf ends before this page", text).with_categories_of(shop)
}
