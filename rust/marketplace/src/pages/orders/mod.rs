//! The orders of the visitor: the history, and a page for each order.

mod events;
mod receipt;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::cart::v1::{
    CancelOrderRequest, GetOrderRequest, ListOrdersRequest, Order,
};
use uuid::Uuid;

use super::{
    MessagePage, PageLayout, QueryParams, render, search::form_urlencode, see_other,
    service_unavailable,
};
use crate::{
    forms::SentForm,
    refusal::{Refusal, call_for},
    shop::Shop,
    visitor::Visitor,
};

pub(crate) use events::events;
pub(crate) use receipt::send_receipt;
pub(crate) use view::{Item, OrderView};

/// The number of orders on a page of the history.
const PAGE_SIZE: i32 = 20;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    layout: PageLayout,
    orders: Vec<OrderView>,
    is_first: bool,
    /// The URL of the page with older orders.
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    layout: PageLayout,
    done: Option<&'static str>,
    /// Why the last action was refused.
    problem: Option<String>,
    /// The request id of the form that sends the receipt again.
    receipt_request: String,
    order: OrderView,
}

/// The way to the sign-in, which leads back to a path.
pub(crate) fn sign_in_first(path: &str) -> Response {
    see_other(&format!("/sign-in?next={path}"))
}

/// `GET /orders?after=`: the history, newest first. `after` is a page token.
pub(crate) async fn list(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let visitor = Visitor::current();
    if visitor.session.is_none() {
        return sign_in_first("/orders");
    }
    let page_token = params.get("after").unwrap_or_default().to_owned();
    let is_first = page_token.is_empty();
    let request = ListOrdersRequest {
        page_size: PAGE_SIZE,
        page_token,
    };
    let (client, deadline) = (&shop.clients.checkout, shop.deadline());
    match call_for!(visitor, deadline, client, list_orders, request) {
        Ok(answer) => {
            let token = answer.next_page_token;
            let page = OrdersPage {
                layout: PageLayout::new(&shop),
                orders: answer.orders.iter().map(OrderView::new).collect(),
                is_first,
                older: (!token.is_empty())
                    .then(|| format!("/orders?after={}", form_urlencode(&token))),
            };
            render(StatusCode::OK, &page)
        }
        // The token is not one of this account.
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) if !is_first => see_other("/orders"),
        Err(refusal) => failed(&shop, &refusal, "/orders"),
    }
}

/// `GET /orders/{id}?done=`
pub(crate) async fn page(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("placed") => Some("Thank you for your order."),
        Some("cancelled") => Some("Your order is cancelled."),
        Some("receipt") => Some("The receipt is on its way to the address with which you ordered."),
        _ => None,
    };
    order_page(&shop, &id, done, None).await
}

/// `POST /orders/cancel`
pub(crate) async fn cancel(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current();
    let order_id = sent.text("order_id");
    let request = CancelOrderRequest {
        order_id: order_id.clone(),
    };
    let (client, deadline) = (&shop.clients.checkout, shop.action_deadline());
    match call_for!(visitor, deadline, client, cancel_order, request) {
        Ok(_) => see_other(&format!("/orders/{order_id}?done=cancelled")),
        Err(Refusal::Declared { reason, .. }) if reason == "ORDER_NOT_CANCELLABLE" => {
            let text = "This order can no longer be cancelled.".to_owned();
            order_page(&shop, &order_id, None, Some(Problem::new(text))).await
        }
        Err(refusal) => failed(&shop, &refusal, "/orders"),
    }
}

/// Why an action was refused.
struct Problem {
    text: String,
    status: StatusCode,
    /// The request id with which the form for the receipt is sent again.
    receipt_request: Option<String>,
}

impl Problem {
    fn new(text: String) -> Self {
        Self {
            text,
            status: StatusCode::UNPROCESSABLE_ENTITY,
            receipt_request: None,
        }
    }
}

async fn order_page(
    shop: &Shop,
    id: &str,
    done: Option<&'static str>,
    problem: Option<Problem>,
) -> Response {
    let order = match read(shop, id).await {
        Ok(order) => order,
        Err(response) => return response,
    };
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |problem| problem.status);
    let request = problem
        .as_ref()
        .and_then(|problem| problem.receipt_request.clone());
    let page = OrderPage {
        layout: PageLayout::new(shop),
        done,
        problem: problem.map(|problem| problem.text),
        receipt_request: request.unwrap_or_else(|| Uuid::new_v4().to_string()),
        order: OrderView::new(&order),
    };
    render(status, &page)
}

/// Reads an order; else the page that says why there is none.
async fn read(shop: &Shop, id: &str) -> Result<Order, Response> {
    let visitor = Visitor::current();
    let Ok(order_id) = Uuid::parse_str(id) else {
        return Err(no_such_order(shop));
    };
    let path = format!("/orders/{order_id}");
    if visitor.session.is_none() {
        return Err(sign_in_first(&path));
    }
    let order_id = order_id.to_string();
    let (client, deadline) = (&shop.clients.checkout, shop.deadline());
    let request = GetOrderRequest { order_id };
    let answer = call_for!(visitor, deadline, client, get_order, request);
    let answer = answer.map_err(|refusal| failed(shop, &refusal, &path))?;
    let unknown = || failed(shop, &Refusal::Unavailable, &path);
    answer.order.ok_or_else(unknown)
}

/// The page after a call without a result.
fn failed(shop: &Shop, refusal: &Refusal, path: &str) -> Response {
    match refusal {
        Refusal::SignedOut => sign_in_first(path),
        Refusal::Invalid(_) | Refusal::Declared { .. } => no_such_order(shop),
        Refusal::Unavailable => {
            let what = "We can’t look up your orders at the moment. They are safe, and looking \
                        at books still works.";
            service_unavailable(shop, what).into_response()
        }
    }
}

fn no_such_order(shop: &Shop) -> Response {
    let text = "Your account has no order with this address. Perhaps you have ordered with \
                another account.";
    MessagePage::not_found("We can’t find this order", text.to_owned())
        .with_categories_of(shop)
        .into_response()
}
