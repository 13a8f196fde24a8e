//! The page of one book.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::Book;
use futures::future::join5;

use super::{
    MessagePage, PageLayout, QueryParams, no_such_page, recent, related_books, render_with_notices,
    reviews::BookReviews, service_unavailable,
};
use crate::{
    category::CategoryInfo,
    deadline::{Deadline, Failure},
    metadata::{self, Breadcrumb, Metadata},
    shop::Shop,
    view::{BookCard, BookDetails, Stock},
    visitor::Visitor,
};

/// The largest book id that the contract allows.
const MAX_BOOK_ID: i32 = 999_999_999;

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    layout: PageLayout,
    done: Option<&'static str>,
    notices: Vec<&'static str>,
    book: BookDetails,
    /// `None` if Reviews does not answer.
    reviews: Option<BookReviews>,
    /// What readers of the book have also bought.
    also_bought: Vec<BookCard>,
    /// Other books of the category.
    related: Vec<BookCard>,
    recent: Vec<BookCard>,
}

impl BookPage {
    /// The number of copies in the visitor's cart; 0 if it is unknown.
    fn in_cart(&self) -> i32 {
        self.layout.visitor.copies_in_cart(self.book.card.id)
    }

    /// Whether the book is known to be sold out.
    fn is_sold_out(&self) -> bool {
        self.book.card.stock == Some(Stock::None)
    }
}

/// Other books of the category, and whether a call for them failed.
struct RelatedBooks {
    cards: Vec<BookCard>,
    failed: bool,
}

/// `GET /books/{id}?done=`
pub(crate) async fn book(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
    Query(params): Query<QueryParams>,
) -> Response {
    let Ok(Path(id)) = id else {
        return no_such_page("");
    };
    let Some(book_id) = parse_book_id(&id) else {
        return no_such_book(&shop, &id);
    };
    let done = match params.get("done") {
        Some("reviewed") => Some("Thank you: your review is saved."),
        Some("review-deleted") => Some("Your review is deleted."),
        _ => None,
    };
    let deadline = shop.deadline();
    let visitor = Visitor::current();
    // All run at the same time, so a slow stock does not delay the other calls.
    let (stock, found, also_bought, reviews, recent) = join5(
        shop.clients.stock(deadline, [book_id]),
        book_and_related(&shop, deadline, book_id),
        related_books::also_bought(&shop, deadline, book_id),
        BookReviews::read(&shop, deadline, book_id),
        recent::cards(&shop, deadline, visitor.recent.without(book_id)),
    )
    .await;
    let mut notices = Vec::new();
    let ((book, details), related) = match found {
        Ok((book, related)) => {
            if stock.is_err() {
                notices.push("We can’t see our stock at the moment.");
            }
            if related.failed || also_bought.is_err() {
                notices.push("Our recommendations are missing at the moment.");
            }
            let details = BookDetails::new(&book, &stock.unwrap_or_default());
            ((book, details), related.cards)
        }
        Err(Failure::NotFound | Failure::InvalidArgument) => return no_such_book(&shop, &id),
        Err(Failure::Unavailable) => {
            let Some(cached) = cached_book(&shop, book_id) else {
                let what = "We can’t look up this book at the moment.";
                return service_unavailable(&shop, what).into_response();
            };
            notices.push("Our catalogue doesn’t answer at the moment: the price and the stock of this book are missing.");
            (cached, Vec::new())
        }
    };
    if reviews.is_err() {
        notices.push("The reviews of this book are missing at the moment.");
    }
    let also_bought = also_bought.unwrap_or_default();
    let is_shown_already = |card: &BookCard| also_bought.iter().any(|shown| shown.id == card.id);
    let page = BookPage {
        layout: layout(&shop, &book, &details, reviews.as_ref().ok()),
        done,
        notices,
        book: details,
        reviews: reviews.ok(),
        related: related
            .into_iter()
            .filter(|card| !is_shown_already(card))
            .collect(),
        also_bought,
        recent,
    };
    let mut response = render_with_notices(&page.notices, &page);
    if let Some(image) = page.book.image {
        response.extensions_mut().insert(image);
    }
    recent::remember(&shop, book_id, &mut response);
    response
}

/// The pages from the category of a book to its page.
pub(super) fn breadcrumbs(book: &Book) -> Vec<Breadcrumb> {
    let category = CategoryInfo::from_number(book.category);
    let category = category
        .map(|category| Breadcrumb::new(category.name, format!("/categories/{}", category.slug)));
    let page = Breadcrumb::new(book.title.clone(), format!("/books/{}", book.book_id));
    category.into_iter().chain([page]).collect()
}

/// The layout with what search engines show of the book.
fn layout(
    shop: &Shop,
    book: &Book,
    details: &BookDetails,
    reviews: Option<&BookReviews>,
) -> PageLayout {
    let card = &details.card;
    let facts = metadata::BookFacts {
        book,
        stock: card.stock,
        has_price: card.price.is_some(),
        rating: reviews.map(|reviews| &reviews.counted),
        cover: &format!("{}/covers/{}.svg", shop.url(), book.book_id),
    };
    let byline = if card.byline.is_empty() {
        String::new()
    } else {
        format!(" by {}", card.byline)
    };
    let description = format!("{}{byline}, at Bindery.", book.title);
    let address = format!("/books/{}", book.book_id);
    let mut metadata = Metadata::new(shop.url(), &address, book.title.clone(), description);
    metadata.kind = "book";
    metadata
        .structured_data
        .push(metadata::book(shop.url(), &facts));
    let layout = PageLayout {
        current: CategoryInfo::from_number(book.category),
        ..PageLayout::new(shop)
    };
    layout
        .with_breadcrumbs(breadcrumbs(book))
        .with_metadata(shop, metadata)
}

/// The page for a path that names no book.
pub(super) fn no_such_book(shop: &Shop, id: &str) -> Response {
    let page = match parse_book_id(id) {
        Some(book_id) => {
            let text = format!(
                "There is no book with the number {book_id}. It may have been renumbered, or it never existed."
            );
            MessagePage::not_found("We don’t have this book", text)
        }
        None => {
            let text = "The address of a book ends in its number, as in /books/4. Maybe a search finds the one you mean.";
            MessagePage::not_found("That is not a book number", text.to_owned())
                .with_suggested_query(id)
        }
    };
    page.with_categories_of(shop).into_response()
}

async fn book_and_related(
    shop: &Shop,
    deadline: Deadline,
    book_id: i32,
) -> Result<(Book, RelatedBooks), Failure> {
    let book = shop.clients.book(deadline, book_id).await?;
    shop.cache.insert_books([&book]);
    let related = related_books::of_category(shop, deadline, &book).await;
    let failed = related.is_err();
    let cards = related.unwrap_or_default();
    Ok((book, RelatedBooks { cards, failed }))
}

/// The book from the cache, without price and stock, which may have changed.
fn cached_book(shop: &Shop, book_id: i32) -> Option<(Book, BookDetails)> {
    let book = shop.cache.book(book_id)?;
    let mut details = BookDetails::new(&book, &HashMap::new());
    details.card = BookCard::without_inventory(&book);
    Some((book, details))
}

/// Parses a book id from a URL. Only digits without leading zeros are accepted, so that each
/// book has exactly one URL.
pub(crate) fn parse_book_id(text: &str) -> Option<i32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| digits);
    number.filter(|number| (1..=MAX_BOOK_ID).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_book_ids_are_accepted() {
        assert_eq!(
            (parse_book_id("4"), parse_book_id("999999999")),
            (Some(4), Some(MAX_BOOK_ID))
        );
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
            assert_eq!(parse_book_id(bad), None, "{bad}");
        }
    }
}
