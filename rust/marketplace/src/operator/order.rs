//! `/operator/orders/{id}`: one order, with the forms that ship it and resolve it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::cart::v1::{
    GetOperatorOrderRequest, OrderResolution, OrderState, ResolutionAction,
    ResolveParkedOrderRequest, ShipOrderRequest,
};

use super::{AREAS, access::Operator, call, decision::Decision, failed};
use crate::{
    OperatorClients,
    forms::{Field, Form, SentForm},
    pages::{
        MessagePage, PageLayout, QueryParams, account::date, orders::OrderView, render, see_other,
    },
    refusal::Refusal,
    shop::Shop,
};

const ACTIONS: [(&str, &str); 5] = [
    ("0", "Choose one"),
    ("1", "Do the step again"),
    ("2", "Cancel the order and pay back"),
    ("3", "Mark as paid with a charge"),
    ("4", "Mark as not paid"),
];

#[derive(Template)]
#[template(path = "operator/order.html")]
struct OrderPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    order: OrderView,
    account_id: String,
    transaction_id: String,
    parked_reason: String,
    decisions: Vec<Decision>,
    ship: Option<Form>,
    resolve: Option<Form>,
}

impl OrderPage {
    fn is_refused(&self) -> bool {
        let forms = [&self.ship, &self.resolve];
        forms.into_iter().flatten().any(Form::is_refused)
    }
}

/// `GET /operator/orders/{id}?done=`
pub(super) async fn page(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Path(order_id): Path<String>,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("shipped") => Some("The order is marked as shipped."),
        Some("resolved") => Some("The decision is recorded, and the order goes on."),
        _ => None,
    };
    order_page(&shop, &clients, order_id, done, None).await
}

/// `POST /operator/orders/ship`
pub(super) async fn ship(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let order_id = sent.text("order_id");
    let request = ShipOrderRequest {
        order_id: order_id.clone(),
        tracking_number: sent.text("tracking_number"),
    };
    let deadline = shop.action_deadline();
    match call!(deadline, clients.checkout, ship_order, request) {
        Ok(_) => see_other(&format!("/operator/orders/{order_id}?done=shipped")),
        Err(refusal) => {
            let explain = |_: &str| "Do not send the parcel: the order is not paid.".to_owned();
            let form = ship_form(&order_id)
                .filled(&sent)
                .refused(&refusal, explain);
            order_page(&shop, &clients, order_id, None, Some(form)).await
        }
    }
}

/// `POST /operator/orders/resolve`
pub(super) async fn resolve(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let order_id = sent.text("order_id");
    let request = ResolveParkedOrderRequest {
        request_id: sent.text("request_id"),
        order_id: order_id.clone(),
        action: sent.number("action"),
        transaction_id: sent.text("transaction_id"),
        operator_name: sent.text("operator_name"),
        note: sent.text("note"),
    };
    let deadline = shop.action_deadline();
    match call!(deadline, clients.checkout, resolve_parked_order, request) {
        Ok(_) => see_other(&format!("/operator/orders/{order_id}?done=resolved")),
        Err(refusal) => {
            let form = resolve_form(&order_id).filled(&sent);
            let form = form.refused(&refusal, resolve_explanation);
            order_page(&shop, &clients, order_id, None, Some(form)).await
        }
    }
}

fn resolve_explanation(reason: &str) -> String {
    match reason {
        "ORDER_NOT_PARKED" => "The order is not parked any more: somebody else has decided.",
        "CHARGE_NOT_OF_ORDER" => {
            "This is no successful charge of this order over its total. Look for it at Payments."
        }
        _ => "The state of the order does not allow this. Choose another way.",
    }
    .to_owned()
}

/// The page of an order, with a form that was refused in place of its empty one.
async fn order_page(
    shop: &Shop,
    clients: &OperatorClients,
    order_id: String,
    done: Option<&'static str>,
    refused: Option<Form>,
) -> Response {
    let request = GetOperatorOrderRequest { order_id };
    let read = call!(
        shop.deadline(),
        clients.checkout,
        get_operator_order,
        request
    );
    let listed = match read.map(|answer| answer.order.unwrap_or_default()) {
        Ok(listed) => listed,
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) => {
            let text = "No order has this address.".to_owned();
            return MessagePage::not_found("We can’t find this order", text).into_response();
        }
        Err(refusal) => return failed(shop, &refusal),
    };
    let order = listed.order.unwrap_or_default();
    let id = order.order_id.as_str();
    let mut page = OrderPage {
        layout: PageLayout::new(shop),
        area: AREAS[0].0,
        done,
        order: OrderView::new(&order),
        account_id: order.account_id.clone(),
        transaction_id: order.transaction_id.clone(),
        resolve: (!listed.parked_reason.is_empty()).then(|| resolve_form(id)),
        parked_reason: listed.parked_reason,
        decisions: listed.resolutions.into_iter().map(decision).collect(),
        ship: (order.state() == OrderState::Paid).then(|| ship_form(id)),
    };
    let mut status = StatusCode::OK;
    if let Some(refused) = refused {
        status = StatusCode::UNPROCESSABLE_ENTITY;
        // It is shown even if the order has changed meanwhile, because it says why.
        let form = if refused.action == SHIP {
            &mut page.ship
        } else {
            &mut page.resolve
        };
        *form = Some(refused);
    }
    render(status, &page)
}

const SHIP: &str = "/operator/orders/ship";

fn ship_form(order_id: &str) -> Form {
    let tracking = Field::new(
        "tracking_number",
        "Carrier and tracking number",
        "text",
        "off",
    )
    .hint("The buyer can read it. It may stay empty");
    Form::new(SHIP, "Mark as shipped")
        .hidden("order_id", order_id)
        .field(tracking)
}

fn resolve_form(order_id: &str) -> Form {
    let charge = Field::new("transaction_id", "Id of the charge", "text", "off")
        .hint("Only to mark the order as paid: the id at Payments");
    Form::new("/operator/orders/resolve", "Decide")
        .hidden("order_id", order_id)
        .request_id()
        .field(Field::new("action", "How the order goes on", "text", "off").options(&ACTIONS))
        .field(charge)
        .field(Field::new("operator_name", "Your name", "text", "name"))
        .field(Field::new("note", "What you have found out", "text", "off"))
}

fn decision(resolution: OrderResolution) -> Decision {
    let action = match resolution.action() {
        ResolutionAction::Retry => "Do the step again",
        ResolutionAction::Cancel => "Cancel and pay back",
        ResolutionAction::MarkPaid => "Mark as paid",
        ResolutionAction::MarkNotPaid => "Mark as not paid",
        ResolutionAction::Unspecified => "Unknown",
    };
    Decision {
        day: date(resolution.create_time),
        operator_name: resolution.operator_name,
        action,
        subject: "charge",
        subject_id: resolution.transaction_id,
        note: resolution.note,
        parked_reason: resolution.parked_reason,
    }
}
