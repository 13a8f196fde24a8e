//! The page of one category.

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
    currency::with_thousands_separators,
    deadline::Deadline,
    metadata::{Breadcrumb, Metadata},
    paging::{self, Listing, NumberedPage, PAGE_SIZE, PageError},
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
        return unknown_category(&shop, &slug).into_response();
    };
    let number = match params.page_number() {
        Ok(number) => number,
        Err(message) => return message.with_categories_of(&shop).into_response(),
    };
    let deadline = shop.deadline();
    let listing = Listing::Category(category.id);
    // The rest of the time is for the fallback to Recommendations.
    let inventory_deadline = deadline.fraction(0.7);
    let (counts, page) = join(
        shop.categories(inventory_deadline),
        paging::read_page(&shop, inventory_deadline, &listing, number),
    )
    .await;
    let count = counts.map(|counts| {
        let entry = counts.iter().find(|(other, _)| *other == category);
        entry.map_or(0, |(_, count)| *count)
    });
    let layout = layout(&shop, category, number);
    match page {
        Ok(page) => list_page(&shop, deadline, layout, category, count, page).await,
        Err(PageError::BeyondEnd { last }) => {
            beyond_last_page(&shop, category, last).into_response()
        }
        Err(PageError::Failed(_)) => recommended_page(&shop, deadline, layout, category).await,
    }
}

/// The layout of a page of the list, each of which has its own address.
fn layout(shop: &Shop, category: &'static CategoryInfo, number: u32) -> PageLayout {
    let path = format!("/categories/{}", category.slug);
    let (address, title) = if number == 1 {
        (path.clone(), category.name.to_owned())
    } else {
        (
            format!("{path}?page={number}"),
            format!("{}, page {number}", category.name),
        )
    };
    let description = format!("{} at Bindery: {}.", category.name, category.description);
    let layout = PageLayout {
        current: Some(category),
        ..PageLayout::new(shop)
    };
    layout
        .with_breadcrumbs([Breadcrumb::new(category.name, path)])
        .with_metadata(
            shop,
            Metadata::new(shop.url(), &address, title, description),
        )
}

/// The page as Inventory lists it.
async fn list_page(
    shop: &Shop,
    deadline: Deadline,
    layout: PageLayout,
    category: &'static CategoryInfo,
    count: Option<u64>,
    list: NumberedPage,
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
        count: count.map(with_thousands_separators),
        cards: cards(&list.books, &stock.unwrap_or_default()),
        pager: Some(Pager::new(&base, list.number, list.has_next, last)),
    };
    render_with_notices(&page.notices, &page)
}

/// The page without Inventory: some recommended books of the category.
async fn recommended_page(
    shop: &Shop,
    deadline: Deadline,
    layout: PageLayout,
    category: &'static CategoryInfo,
) -> Response {
    let size = i32::try_from(PAGE_SIZE).unwrap_or(i32::MAX);
    let recommended = shop.clients.recommend(deadline, category.id, size).await;
    let recommended = recommended.unwrap_or_default();
    if recommended.is_empty() {
        return service_unavailable(shop, "Our catalogue doesn’t answer at the moment.")
            .into_response();
    }
    let cards = recommended.iter().map(|book| {
        let cached = shop.cache.recommended_book(book, category.id);
        BookCard::without_inventory(&cached)
    });
    let page = CategoryPage {
        layout,
        notices: vec![
            "Our catalogue doesn’t answer at the moment, so we can’t list the whole category. Here are some of its books, without prices.",
        ],
        category,
        count: None,
        cards: cards.collect(),
        pager: None,
    };
    render_with_notices(&page.notices, &page)
}

fn unknown_category(shop: &Shop, slug: &str) -> MessagePage {
    let text = "There is no such category. These are the ones that we have.".to_owned();
    MessagePage::not_found("We don’t have that category", text)
        .with_suggested_query(slug)
        .with_categories_of(shop)
}

/// The message for a page number after the last page.
fn beyond_last_page(shop: &Shop, category: &CategoryInfo, last: u32) -> MessagePage {
    let pages = if last == 1 {
        "one page".to_owned()
    } else {
        format!("{last} pages")
    };
    let text = format!("“{}” has only {pages}.", category.name);
    MessagePage::not_found("The category ends before this page", text).with_categories_of(shop)
}
