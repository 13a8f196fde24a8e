//! The cart of the visitor.

mod actions;

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::{
    cart::v1::{Cart, CartLine},
    inventory::v1::Book,
    r#type::v1::Money,
};

use super::{PageLayout, QueryParams, render, service_unavailable};
use crate::{currency, refusal::Refusal, shop::Shop, view::BookCard, visitor::Visitor};

pub(crate) use actions::{add, clear, merge, remove, update};

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage {
    layout: PageLayout,
    done: Option<&'static str>,
    /// Why the last change was refused.
    message: Option<String>,
    lines: Vec<Line>,
    subtotals: Vec<String>,
    /// Whether the cart from before the sign-in still exists.
    has_unmerged_cart: bool,
}

/// A line of the cart.
struct Line {
    card: BookCard,
    /// The number of copies, or what was typed in its place.
    quantity: String,
    /// The price of all copies.
    total: Option<String>,
    /// What is special about the stock.
    note: Option<String>,
    /// What is wrong with the quantity that was typed.
    error: Option<String>,
}

/// A change that the service has refused.
struct RefusedChange {
    book_id: i32,
    typed: String,
    refusal: Refusal,
}

/// `GET /cart?done=`
pub(crate) async fn page(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("added") => Some("The book is in your cart."),
        Some("removed") => Some("The book is no longer in your cart."),
        Some("changed") => Some("Your cart is changed."),
        _ => None,
    };
    cart_page(&shop, done, None).await
}

/// The page for a cart that does not answer.
pub(crate) fn unavailable(shop: &Shop) -> Response {
    let what = "The cart doesn’t answer at the moment. Looking at books and searching them \
                still works.";
    service_unavailable(shop, what).into_response()
}

async fn cart_page(
    shop: &Shop,
    done: Option<&'static str>,
    refused: Option<RefusedChange>,
) -> Response {
    let (visitor, deadline) = (Visitor::current(), shop.deadline());
    let Some(cart) = visitor.cart_by(shop, deadline).await else {
        return unavailable(shop);
    };
    // Without the books, the lines have no covers and authors.
    let ids = cart.lines.iter().map(|line| line.book_id);
    let books = shop.clients.books(deadline, ids).await.unwrap_or_default();
    shop.cache.insert_books(books.values());
    let mut page = CartPage {
        done,
        message: None,
        lines: cart
            .lines
            .iter()
            .map(|line| Line::new(line, &books))
            .collect(),
        subtotals: cart.subtotals.iter().filter_map(currency::price).collect(),
        has_unmerged_cart: visitor.session.is_some() && visitor.guest_cart.is_some(),
        layout: PageLayout::new(shop),
    };
    let mut status = StatusCode::OK;
    if let Some(refused) = refused {
        status = page.show(&cart, &refused);
    }
    render(status, &page)
}

impl CartPage {
    fn is_refused(&self) -> bool {
        self.message.is_some() || self.lines.iter().any(|line| line.error.is_some())
    }

    /// Shows why a change was refused: at the line of the book, if the quantity is not valid.
    fn show(&mut self, cart: &Cart, refused: &RefusedChange) -> StatusCode {
        let mut positions = cart.lines.iter();
        let position = positions.position(|line| line.book_id == refused.book_id);
        let is_quantity = matches!(
            &refused.refusal,
            Refusal::Invalid(violations) if violations.iter().all(|found| found.path == "quantity")
        );
        let text = match &refused.refusal {
            Refusal::Declared { reason, .. } if reason == "CART_FULL" => {
                "Your cart is full: it can have 100 different books. Remove one of them first."
            }
            Refusal::Declared { reason, .. } if reason == "BOOK_NOT_FOUND" => {
                "We no longer have this book."
            }
            Refusal::Invalid(_) if is_quantity => "A cart can have 1 to 100 copies of a book.",
            Refusal::Invalid(_) | Refusal::Declared { .. } => "That can’t be in a cart.",
            Refusal::SignedOut => "You are signed out. Please sign in again.",
            Refusal::Unavailable => {
                "The cart doesn’t answer at the moment, and nothing has changed. Please try \
                 again in a moment."
            }
        };
        match position.and_then(|position| self.lines.get_mut(position)) {
            Some(line) if is_quantity => {
                line.quantity.clone_from(&refused.typed);
                line.error = Some(text.to_owned());
            }
            _ => self.message = Some(text.to_owned()),
        }
        if refused.refusal == Refusal::Unavailable {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

impl Line {
    fn new(line: &CartLine, books: &HashMap<i32, Book>) -> Self {
        let unknown = Book {
            book_id: line.book_id,
            ..Book::default()
        };
        let mut card = BookCard::new(
            books.get(&line.book_id).unwrap_or(&unknown),
            &HashMap::new(),
        );
        card.title.clone_from(&line.title);
        card.price = line.unit_price.as_ref().and_then(currency::price);
        Self {
            card,
            quantity: line.quantity.to_string(),
            total: line
                .unit_price
                .as_ref()
                .and_then(|price| total(price, line.quantity)),
            note: note(line),
            error: None,
        }
    }
}

/// The price of several copies.
pub(crate) fn total(price: &Money, quantity: i32) -> Option<String> {
    currency::price(&Money {
        currency_code: price.currency_code.clone(),
        amount_minor: Some(price.amount_minor?.checked_mul(i64::from(quantity))?),
    })
}

/// What a line says if there are too few copies.
pub(crate) fn note(line: &CartLine) -> Option<String> {
    match line.available {
        available if available >= line.quantity => None,
        0 => Some("Sold out at the moment".to_owned()),
        available => Some(format!("Only {available} left at the moment")),
    }
}
