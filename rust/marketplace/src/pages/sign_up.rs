//! Signing up, and the verification of the email address.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use contract::bookstore::accounts::v1::{SignUpRequest, VerifyEmailRequest};

use super::{FormPage, QueryParams, see_other};
use crate::{
    forms::{Field, Form, SentForm},
    pages::mails::mails_are_visible,
    refusal::call_for,
    shop::Shop,
    visitor::Visitor,
};

/// `GET /sign-up`
pub(crate) async fn page(State(shop): State<Arc<Shop>>) -> Response {
    sign_up_page(&shop, sign_up_form()).into_response()
}

/// `POST /sign-up`
pub(crate) async fn sign_up(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let request = SignUpRequest {
        request_id: sent.text("request_id"),
        email: sent.text("email"),
        password: sent.get("password").to_owned(),
        display_name: sent.text("display_name"),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    match call_for!(visitor, deadline, shop.clients.accounts, sign_up, request) {
        Ok(_) => see_other("/sign-up/sent"),
        Err(refusal) => {
            let form = sign_up_form().filled(&sent);
            sign_up_page(&shop, form.refused(&refusal, explain)).into_response()
        }
    }
}

/// `GET /sign-up/sent`
pub(crate) async fn sent(State(shop): State<Arc<Shop>>) -> Response {
    let text = "We have sent you a mail. Follow the link in it within 24 hours to open your \
                account. If it doesn’t arrive, look into the folder for spam, or sign up again.";
    mail_sent(&shop, "Look into your mailbox", text)
}

/// The page after a mail was sent. In development it leads to the mail.
pub(super) fn mail_sent(shop: &Shop, heading: &'static str, text: &'static str) -> Response {
    let page = FormPage::new(shop, heading, text).link("/", "To the home page");
    let page = if mails_are_visible(shop) {
        page.link("/mail", "This shop only keeps its mails: read them here")
    } else {
        page
    };
    page.into_response()
}

/// `GET /verify?token=`: a button, because programs that scan mails follow links.
pub(crate) async fn verify_page(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let token = params.get("token").unwrap_or_default();
    verification_page(&shop, verify_form(token)).into_response()
}

/// `POST /verify`
pub(crate) async fn verify(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let request = VerifyEmailRequest {
        verification_token: sent.text("verification_token"),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    match call_for!(
        visitor,
        deadline,
        shop.clients.accounts,
        verify_email,
        request
    ) {
        Ok(_) => see_other("/sign-in?done=verified"),
        Err(refusal) => {
            let form = verify_form("").filled(&sent);
            verification_page(&shop, form.refused(&refusal, explain)).into_response()
        }
    }
}

fn sign_up_page(shop: &Shop, form: Form) -> FormPage {
    let text = "With an account you can order books. We send a mail to your address, to make \
                sure that it is yours.";
    FormPage::new(shop, "Open an account", text)
        .form(form)
        .link("/sign-in", "You have an account? Sign in")
}

fn sign_up_form() -> Form {
    Form::new("/sign-up", "Open my account")
        .field(Field::new("email", "Email address", "email", "email"))
        .field(
            Field::new("password", "Password", "password", "new-password")
                .hint("At least 8 characters of any kind"),
        )
        .field(
            Field::new("display_name", "Your name (optional)", "text", "name")
                .hint("How pages and mails address you"),
        )
        .request_id()
}

fn verification_page(shop: &Shop, form: Form) -> FormPage {
    let text = "One more step: confirm that you have got our mail, and your account is open.";
    FormPage::new(shop, "Confirm your email address", text)
        .form(form)
        .link("/sign-up", "Sign up again, for a new mail")
}

fn verify_form(token: &str) -> Form {
    Form::new("/verify", "Open my account").hidden("verification_token", token)
}

/// What an error means, for the forms of this page and of those that set passwords.
pub(super) fn explain(reason: &str) -> String {
    let text = match reason {
        "PASSWORD_TOO_COMMON" => {
            "Many people use this password, so it is easy to guess. Please choose another one."
        }
        "PASSWORD_WRONG" => "The current password is wrong.",
        "VERIFICATION_TOKEN_INVALID" => {
            "This link no longer works: it is older than 24 hours, or your account is open \
             already. Sign in, or sign up again."
        }
        "RESET_TOKEN_INVALID" => {
            "This link no longer works: it is older than an hour, was used already, or a newer \
             mail replaced it. Ask for a new one."
        }
        _ => "That is not possible at the moment.",
    };
    text.to_owned()
}
