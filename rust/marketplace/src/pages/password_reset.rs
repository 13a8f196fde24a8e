//! Setting a new password without the old one.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::header::SET_COOKIE,
    response::{IntoResponse, Response},
};
use contract::bookstore::accounts::v1::{RequestPasswordResetRequest, ResetPasswordRequest};

use super::{
    FormPage, QueryParams, see_other,
    sign_up::{explain, mail_sent},
};
use crate::{
    forms::{Field, Form, SentForm},
    refusal::call_for,
    shop::Shop,
    visitor::{Cookie, Visitor},
};

/// `GET /forgot`
pub(crate) async fn request_page(State(shop): State<Arc<Shop>>) -> Response {
    forgot_page(&shop, forgot_form()).into_response()
}

/// `POST /forgot`
pub(crate) async fn request(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let request = RequestPasswordResetRequest {
        request_id: sent.text("request_id"),
        email: sent.text("email"),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    let client = &shop.clients.accounts;
    match call_for!(visitor, deadline, client, request_password_reset, request) {
        Ok(_) => see_other("/forgot/sent"),
        Err(refusal) => {
            let form = forgot_form().filled(&sent);
            forgot_page(&shop, form.refused(&refusal, explain)).into_response()
        }
    }
}

/// `GET /forgot/sent`
pub(crate) async fn sent(State(shop): State<Arc<Shop>>) -> Response {
    let text = "If there is an account with this address, we have sent a mail to it. Follow the \
                link in it within an hour to set a new password.";
    mail_sent(&shop, "Look into your mailbox", text)
}

/// `GET /reset?token=`
pub(crate) async fn reset_page(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let token = params.get("token").unwrap_or_default();
    new_password_page(&shop, reset_form(token)).into_response()
}

/// `POST /reset`
pub(crate) async fn reset(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let request = ResetPasswordRequest {
        reset_token: sent.text("reset_token"),
        new_password: sent.get("new_password").to_owned(),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    match call_for!(
        visitor,
        deadline,
        shop.clients.accounts,
        reset_password,
        request
    ) {
        Ok(_) => {
            let mut response = see_other("/sign-in?done=reset");
            if let Some(cookie) = shop.cookies.clear(Cookie::Session) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
        Err(refusal) => {
            let form = reset_form("").filled(&sent);
            new_password_page(&shop, form.refused(&refusal, explain)).into_response()
        }
    }
}

fn forgot_page(shop: &Shop, form: Form) -> FormPage {
    let text = "Tell us the address of your account, and we send you a link for a new password.";
    FormPage::new(shop, "Forgotten your password?", text)
        .form(form)
        .link("/sign-in", "Back to the sign-in")
}

fn forgot_form() -> Form {
    Form::new("/forgot", "Send me a link")
        .field(Field::new("email", "Email address", "email", "email"))
        .request_id()
}

fn new_password_page(shop: &Shop, form: Form) -> FormPage {
    let text = "With the new password all devices are signed out, and you sign in again.";
    FormPage::new(shop, "Set a new password", text)
        .form(form)
        .link("/forgot", "Ask for a new link")
}

fn reset_form(token: &str) -> Form {
    Form::new("/reset", "Set the password")
        .field(
            Field::new("new_password", "New password", "password", "new-password")
                .hint("At least 8 characters of any kind"),
        )
        .hidden("reset_token", token)
}
