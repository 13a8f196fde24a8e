//! `/operator/orders`: the orders of all accounts.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contract::bookstore::cart::v1::{ListAllOrdersRequest, OperatorOrder, OrderState};

use super::{AREAS, access::Operator, call, failed, list::ListPager};
use crate::{
    pages::{PageLayout, QueryParams, orders::OrderView, render, see_other},
    refusal::Refusal,
    shop::Shop,
};

/// The number of orders on a page.
const PAGE_SIZE: i32 = 20;

/// The filters: the value of `show`, the name, the state and whether only parked orders pass.
const FILTERS: [(&str, &str, OrderState, bool); 3] = [
    ("to-ship", "To ship", OrderState::Paid, false),
    ("parked", "Parked", OrderState::Unspecified, true),
    ("all", "All", OrderState::Unspecified, false),
];

#[derive(Template)]
#[template(path = "operator/orders.html")]
struct OrdersPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    /// The value of `show`.
    show: &'static str,
    orders: Vec<OrderRow>,
    pager: ListPager,
}

struct OrderRow {
    order: OrderView,
    recipient: String,
    parked_reason: String,
}

/// `GET /operator/orders?show=&after=`
pub(super) async fn list(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Query(params): Query<QueryParams>,
) -> Response {
    let wanted = params.get("show");
    let filter = FILTERS.iter().find(|(show, ..)| Some(*show) == wanted);
    let (show, _, state, parked_only) = *filter.unwrap_or(&FILTERS[0]);
    let base = format!("{}?show={show}", AREAS[0].0);
    let token = params.get("after").unwrap_or_default().to_owned();
    let request = ListAllOrdersRequest {
        page_size: PAGE_SIZE,
        page_token: token.clone(),
        state: state.into(),
        parked_only,
    };
    match call!(shop.deadline(), clients.checkout, list_all_orders, request) {
        Ok(answer) => {
            let page = OrdersPage {
                layout: PageLayout::new(&shop),
                area: AREAS[0].0,
                done: None,
                show,
                orders: answer.orders.iter().filter_map(row).collect(),
                pager: ListPager::new(&base, &token, &answer.next_page_token),
            };
            render(StatusCode::OK, &page)
        }
        // The token is not one of this list.
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) if !token.is_empty() => {
            see_other(&base)
        }
        Err(refusal) => failed(&shop, &refusal),
    }
}

fn row(listed: &OperatorOrder) -> Option<OrderRow> {
    let order = OrderView::new(listed.order.as_ref()?);
    Some(OrderRow {
        recipient: order.address.first().cloned().unwrap_or_default(),
        order,
        parked_reason: listed.parked_reason.clone(),
    })
}
