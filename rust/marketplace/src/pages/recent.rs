//! The books that the visitor has looked at last, on the home page and on pages of books.

use std::sync::Arc;

use axum::{extract::State, http::header::SET_COOKIE, response::Response};
use futures::future::join;

use super::see_other;
use crate::{
    deadline::Deadline,
    forms::SentForm,
    shop::Shop,
    view::BookCard,
    visitor::{Cookie, Visitor},
};

/// The largest number of books that are shown.
const MAX_SHOWN: usize = 6;

/// Their cards. Books that the shop no longer has are left out; while Inventory does not
/// answer, the cards show cached books without their prices.
pub(crate) async fn cards(
    shop: &Shop,
    deadline: Deadline,
    ids: impl Iterator<Item = i32>,
) -> Vec<BookCard> {
    let ids: Vec<_> = ids.take(MAX_SHOWN).collect();
    let (books, stock) = join(
        shop.clients.books(deadline, ids.iter().copied()),
        shop.clients.stock(deadline, ids.iter().copied()),
    )
    .await;
    let Ok(books) = books else {
        let cached = ids.iter().filter_map(|id| shop.cache.book(*id));
        return cached
            .map(|book| BookCard::without_inventory(&book))
            .collect();
    };
    shop.cache.insert_books(books.values());
    let stock = stock.unwrap_or_default();
    let found = ids.iter().filter_map(|id| books.get(id));
    found.map(|book| BookCard::new(book, &stock)).collect()
}

/// Remembers that the visitor looks at a book.
pub(crate) fn remember(shop: &Shop, book_id: i32, response: &mut Response) {
    let recent = Visitor::current().recent.with(book_id);
    if let Some(cookie) = shop.cookies.set(Cookie::Recent, &recent.cookie()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// `POST /recently-viewed/clear`
pub(crate) async fn clear(State(shop): State<Arc<Shop>>, _: SentForm) -> Response {
    let mut response = see_other("/");
    if let Some(cookie) = shop.cookies.clear(Cookie::Recent) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
