//! What the forms with books and of the cart do.

use std::sync::Arc;

use axum::{extract::State, http::header::SET_COOKIE, response::Response};
use contract::bookstore::cart::v1::{ClearCartRequest, PutItemRequest, RemoveItemRequest};

use super::{RefusedChange, cart_page, unavailable};
use crate::{
    forms::SentForm,
    pages::{see_other, sign_in},
    refusal::call_for,
    shop::Shop,
    visitor::{Cookie, Visitor, copies_in},
};

/// `POST /cart/add`: adds copies to those that the visitor has seen in the cart. Sending the
/// form twice adds them once, and copies that another tab added meanwhile stay.
pub(crate) async fn add(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current().with_cart();
    let book_id = sent.number("book_id");
    let Some(cart) = visitor.cart_by(&shop, shop.action_deadline()).await else {
        return unavailable(&shop);
    };
    let wanted = sent.number("seen").saturating_add(sent.number("quantity"));
    let quantity = wanted.max(copies_in(&cart, book_id));
    put(&shop, &visitor, &sent, quantity, "added").await
}

/// `POST /cart/update`: sets the number of copies.
pub(crate) async fn update(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current().with_cart();
    put(&shop, &visitor, &sent, sent.number("quantity"), "changed").await
}

async fn put(
    shop: &Shop,
    visitor: &Visitor,
    sent: &SentForm,
    quantity: i32,
    done: &str,
) -> Response {
    let book_id = sent.number("book_id");
    let request = PutItemRequest {
        cart_id: visitor.cart_id(),
        book_id,
        quantity,
    };
    let deadline = shop.action_deadline();
    match call_for!(*visitor, deadline, shop.clients.carts, put_item, request) {
        Ok(_) => changed(shop, visitor, done),
        Err(refusal) => {
            let refused = RefusedChange {
                book_id,
                typed: sent.text("quantity"),
                refusal,
            };
            cart_page(shop, None, Some(refused)).await
        }
    }
}

/// `POST /cart/remove`
pub(crate) async fn remove(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current().with_cart();
    let request = RemoveItemRequest {
        cart_id: visitor.cart_id(),
        book_id: sent.number("book_id"),
    };
    let deadline = shop.action_deadline();
    match call_for!(visitor, deadline, shop.clients.carts, remove_item, request) {
        Ok(_) => changed(&shop, &visitor, "removed"),
        Err(_) => unavailable(&shop),
    }
}

/// `POST /cart/clear`
pub(crate) async fn clear(State(shop): State<Arc<Shop>>, _: SentForm) -> Response {
    let visitor = Visitor::current().with_cart();
    let cart_id = visitor.cart_id();
    let (request, deadline) = (ClearCartRequest { cart_id }, shop.action_deadline());
    match call_for!(visitor, deadline, shop.clients.carts, clear_cart, request) {
        Ok(_) => changed(&shop, &visitor, "changed"),
        Err(_) => unavailable(&shop),
    }
}

/// `POST /cart/merge`: moves the books of the guest cart, if that failed at the sign-in.
pub(crate) async fn merge(State(shop): State<Arc<Shop>>, _: SentForm) -> Response {
    let visitor = Visitor::current();
    if visitor.session.is_none() {
        return see_other("/sign-in?next=/cart");
    }
    let merged = sign_in::merge_guest_cart(&shop, &visitor).await;
    let mut response = see_other("/cart?done=changed");
    if !merged {
        return see_other("/cart");
    }
    if let Some(cookie) = shop.cookies.clear(Cookie::Cart) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Leads to the cart after a change, and keeps the cookie of a guest cart for as long as the
/// cart.
fn changed(shop: &Shop, visitor: &Visitor, done: &str) -> Response {
    let mut response = see_other(&format!("/cart?done={done}"));
    if visitor.session.is_none()
        && let Some(cookie) = shop.cookies.set(Cookie::Cart, &visitor.cart_id())
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
