//! Signing in and out as the operator.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, Query, State},
    http::{HeaderMap, header::SET_COOKIE, request::Parts},
    response::{IntoResponse, Response},
};

use super::AREAS;
use crate::{
    OperatorClients,
    forms::{Field, Form, SentForm},
    pages::{FormPage, QueryParams, see_other},
    refusal::Refusal,
    shop::Shop,
    visitor::{Cookie, Visitor},
};

const SIGN_IN: &str = "/operator/sign-in";

/// The proof that the browser is signed in as the operator, with the clients that it may use.
/// For other browsers the handler does not run; they are led to the sign-in.
pub(super) struct Operator(pub OperatorClients);

impl FromRequestParts<Arc<Shop>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<Shop>) -> Result<Self, Response> {
        let id = shop.cookies.get(&parts.headers, Cookie::Operator);
        let is_open = id.is_some_and(|id| shop.operator_sessions.is_open(id));
        match shop.operator_clients().filter(|_| is_open) {
            Some(clients) => Ok(Self(clients.clone())),
            None => Err(see_other(SIGN_IN)),
        }
    }
}

/// `GET /operator/sign-in?done=`
pub(super) async fn page(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("out") => Some("You are signed out."),
        _ => None,
    };
    match closed_because(&shop) {
        Some(why) => FormPage::new(&shop, "The operator’s pages are closed here", why),
        None => sign_in_page(&shop, sign_in_form()),
    }
    .done(done)
    .into_response()
}

/// `POST /operator/sign-in`
pub(super) async fn sign_in(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    sent: SentForm,
) -> Response {
    if closed_because(&shop).is_some() {
        return see_other(SIGN_IN);
    }
    let sessions = &shop.operator_sessions;
    let network = Visitor::current().network().unwrap_or(IpAddr::from([0; 4]));
    if let Some(wait) = sessions.wait(network) {
        let form = sign_in_form().refused(&too_many(wait), |_| String::new());
        return sign_in_page(&shop, form).into_response();
    }
    sessions.count_attempt(network);
    if !shop.operator_token().matches(&sent.text("token")) {
        tracing::warn!(%network, "somebody has failed to sign in as the operator");
        let mut form = sign_in_form();
        form.fields[0].error = Some("This is not the operator token of this shop.".to_owned());
        return sign_in_page(&shop, form).into_response();
    }
    sessions.forget_attempts(network);
    if let Some(old) = shop.cookies.get(&headers, Cookie::Operator) {
        sessions.close(old);
    }
    tracing::info!(%network, "the operator has signed in to the shop");
    let mut response = see_other(AREAS[0].0);
    if let Some(cookie) = shop.cookies.set(Cookie::Operator, &sessions.open()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// `POST /operator/sign-out`
pub(super) async fn sign_out(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    _: SentForm,
) -> Response {
    if let Some(id) = shop.cookies.get(&headers, Cookie::Operator) {
        shop.operator_sessions.close(id);
    }
    let mut response = see_other("/operator/sign-in?done=out");
    if let Some(cookie) = shop.cookies.clear(Cookie::Operator) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Why nobody can sign in here, with what to do about it.
fn closed_because(shop: &Shop) -> Option<&'static str> {
    if shop.operator_clients().is_none() {
        return Some(
            "This shop was started without the operator token. Start it with the token in \
             BINDERY_OPERATOR_TOKEN, or in one process with the services.",
        );
    }
    if !Visitor::current().is_local && !shop.cookies.is_secure() {
        return Some(
            "Browsers on other machines reach this shop without TLS, so the operator token could \
             be read on the way. Open these pages on the machine of the shop, or give the shop \
             an https address (--shop-url).",
        );
    }
    None
}

fn too_many(wait: Duration) -> Refusal {
    Refusal::Declared {
        reason: "TOO_MANY_ATTEMPTS".to_owned(),
        retry_after: Some(wait),
    }
}

fn sign_in_page(shop: &Shop, form: Form) -> FormPage {
    let text = "Orders, payments, stock, reviews, the audit, the outboxes and injected faults of this shop.";
    FormPage::new(shop, "Operator sign-in", text).form(form)
}

fn sign_in_form() -> Form {
    let token = Field::new("token", "Operator token", "password", "off")
        .hint("The content of the file operator.token in the data folder of the bookstore");
    Form::new(SIGN_IN, "Sign in").field(token)
}
