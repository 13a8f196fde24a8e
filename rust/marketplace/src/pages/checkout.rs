//! The checkout: address, payment and a summary of the cart on one page.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use contract::bookstore::{
    accounts::v1::Address,
    cart::v1::{Cart, PlaceOrderRequest, PlaceOrderResponse},
    transactions::v1::PaymentMethod,
};

use super::{
    PageLayout, address,
    cart::unavailable,
    orders::{Item, sign_in_first},
    render, see_other,
};
use crate::{
    currency,
    forms::{Field, Form, SentForm},
    refusal::{Refusal, call_for},
    shop::Shop,
    visitor::Visitor,
};

/// The path of the address in PlaceOrderRequest.
const ADDRESS: &str = "shipping_address";
/// The path of the payment method in PlaceOrderRequest.
const TOKEN: &str = "payment_method.token";
/// The hidden field with the etag of the cart that the page shows.
const ETAG: &str = "cart_etag";

/// The tokens of the payment simulator, and what they do.
const PAYMENT_METHODS: &[(&str, &str)] = &[
    ("tok_visa", "Visa"),
    ("tok_mastercard", "Mastercard"),
    ("tok_refused", "Declined by the bank"),
    ("tok_insufficient_funds", "Declined: not enough money"),
    ("tok_expired", "Declined: the card has expired"),
    ("tok_slow", "Paid after three seconds"),
    ("tok_answer_lost", "Paid, but the answer is lost"),
    ("tok_error_then_success", "Paid after an error"),
    ("tok_request_refused", "Left to the operator"),
    ("tok_webhook_late", "Paid, told late"),
    ("tok_webhook_twice", "Paid, told twice"),
    ("tok_webhook_out_of_order", "Paid, told out of order"),
    (
        "tok_webhook_after_cancellation",
        "Paid, told after a cancellation",
    ),
];

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    layout: PageLayout,
    form: Form,
    /// Whether there is anything to send: books in the cart, or an order whose answer is lost.
    has_form: bool,
    items: Vec<Item>,
    subtotals: Vec<String>,
}

impl CheckoutPage {
    fn new(shop: &Shop, cart: &Cart, form: Form) -> Self {
        Self {
            layout: PageLayout::new(shop),
            has_form: !cart.lines.is_empty(),
            form,
            items: cart.lines.iter().map(Item::of_cart).collect(),
            subtotals: cart.subtotals.iter().filter_map(currency::price).collect(),
        }
    }
}

/// `GET /checkout`
pub(crate) async fn page(State(shop): State<Arc<Shop>>) -> Response {
    let visitor = Visitor::current();
    if visitor.session.is_none() {
        return sign_in_first("/checkout");
    }
    let Some(cart) = visitor.cart_by(&shop, shop.deadline()).await else {
        return unavailable(&shop);
    };
    if cart.lines.is_empty() {
        return see_other("/cart");
    }
    let form = checkout_form(&visitor, &cart);
    render(StatusCode::OK, &CheckoutPage::new(&shop, &cart, form))
}

/// `POST /checkout`: orders once for each request id, however often the form is sent.
pub(crate) async fn place(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current();
    if visitor.session.is_none() {
        return sign_in_first("/checkout");
    }
    let request = PlaceOrderRequest {
        request_id: sent.text("request_id"),
        cart_etag: sent.text(ETAG),
        shipping_address: address::sent(&sent, ADDRESS),
        payment_method: Some(PaymentMethod {
            token: sent.text(TOKEN),
        }),
    };
    let deadline = shop.action_deadline();
    let client = &shop.clients.checkout;
    match call_for!(visitor, deadline, client, place_order, request) {
        Ok(PlaceOrderResponse { order: Some(order) }) => {
            see_other(&format!("/orders/{}?done=placed", order.order_id))
        }
        Ok(_) => refused(&shop, &visitor, &sent, &Refusal::Unavailable).await,
        Err(Refusal::SignedOut) => sign_in_first("/checkout"),
        Err(refusal) => refused(&shop, &visitor, &sent, &refusal).await,
    }
}

/// The page again, with the cart as it is now. After a lost answer, the request stays the
/// same, because the order may exist.
async fn refused(shop: &Shop, visitor: &Visitor, sent: &SentForm, refusal: &Refusal) -> Response {
    let cart = visitor.cart_by(shop, shop.deadline()).await;
    let cart = cart.unwrap_or_default();
    let mut form = checkout_form(visitor, &cart)
        .filled(sent)
        .refused(refusal, explain);
    let is_unknown = *refusal == Refusal::Unavailable;
    if is_unknown {
        let text = "The shop can’t tell yet whether your order has arrived. Please send it \
                    again in a moment: it is ordered only once.";
        form.message = Some(text.to_owned());
    } else {
        let etags = form.hidden.iter_mut().filter(|(name, _)| *name == ETAG);
        etags.for_each(|(_, etag)| etag.clone_from(&cart.etag));
    }
    let mut page = CheckoutPage::new(shop, &cart, form);
    page.has_form |= is_unknown;
    let status = if is_unknown {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    render(status, &page)
}

fn checkout_form(visitor: &Visitor, cart: &Cart) -> Form {
    let profile = visitor
        .account
        .as_ref()
        .and_then(|account| account.profile.as_ref());
    let saved = profile.and_then(|profile| profile.default_shipping_address.as_ref());
    let mut form = Form::new("/checkout", "Order and pay")
        .hidden(ETAG, &cart.etag)
        .request_id();
    form.fields = address::fields(ADDRESS, saved.unwrap_or(&Address::default()));
    let payment = Field::new(TOKEN, "Payment method", "select", "off")
        .hint("No money moves: these are the test methods of the payment simulator")
        .options(PAYMENT_METHODS);
    form.field(payment)
}

fn explain(reason: &str) -> String {
    let text = match reason {
        "CART_EMPTY" => {
            "Your cart is empty, so there is nothing to order. If you have just ordered its \
             books, the order is among your orders."
        }
        "CART_CHANGED" => {
            "Your cart or a price has changed since this page was shown, and nothing is ordered. \
             Please check the summary, then order again."
        }
        "CURRENCIES_MIXED" => {
            "The prices of these books are in different currencies. Please order the books of \
             each currency on their own."
        }
        "TOTAL_TOO_LARGE" => "This is too much for one order. Please order fewer copies.",
        "OUT_OF_STOCK" => {
            "We no longer have as many copies as you want, and nothing is ordered. The summary \
             says how many are left: please change your cart."
        }
        "BOOK_NOT_FOUND" => "We no longer have one of the books. Please look at your cart again.",
        _ => "This can’t be ordered, and nothing has changed.",
    };
    text.to_owned()
}
