//! Signing in and out.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{
        HeaderMap,
        header::{SET_COOKIE, USER_AGENT},
    },
    response::{IntoResponse, Response},
};
use contract::bookstore::{
    accounts::v1::{SignInRequest, SignOutRequest},
    cart::v1::MergeCartRequest,
};

use super::{FormPage, QueryParams, see_other};
use crate::{
    forms::{Field, Form, SentForm},
    refusal::call_for,
    shop::Shop,
    visitor::{Cookie, LocalPath, Visitor},
};

/// `GET /sign-in?next=&done=`
pub(crate) async fn page(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let next = params.get("next").and_then(LocalPath::parse);
    let done = match params.get("done") {
        Some("verified") => Some("Your account is open. Sign in to use it."),
        Some("reset") => Some("Your new password is set. Sign in with it."),
        _ => None,
    };
    let form = sign_in_form(next.as_ref());
    sign_in_page(&shop, form).done(done).into_response()
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    sent: SentForm,
) -> Response {
    let request = SignInRequest {
        email: sent.text("email"),
        password: sent.get("password").to_owned(),
        client_label: client_label(&headers),
    };
    let next = LocalPath::parse(sent.get("next"));
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    let answer = match call_for!(visitor, deadline, shop.clients.sessions, sign_in, request) {
        Ok(answer) => answer,
        Err(refusal) => {
            let form = sign_in_form(next.as_ref()).filled(&sent);
            let explain = |_: &str| {
                "We know no account with this address and password. Is it confirmed by the \
                 link in our mail?"
                    .to_owned()
            };
            return sign_in_page(&shop, form.refused(&refusal, explain)).into_response();
        }
    };
    if visitor.session.is_some() {
        end_session(&shop, &visitor).await;
    }
    let signed_in = visitor.with_session(&answer.session_token);
    let merged = merge_guest_cart(&shop, &signed_in).await;
    let mut response = match &next {
        _ if !merged => see_other("/cart"),
        Some(next) => see_other(next.as_str()),
        None => see_other("/"),
    };
    let headers = response.headers_mut();
    if let Some(cookie) = shop.cookies.set(Cookie::Session, &answer.session_token) {
        headers.append(SET_COOKIE, cookie);
    }
    if merged
        && visitor.guest_cart.is_some()
        && let Some(cookie) = shop.cookies.clear(Cookie::Cart)
    {
        headers.append(SET_COOKIE, cookie);
    }
    response
}

/// `POST /sign-out`
pub(crate) async fn sign_out(State(shop): State<Arc<Shop>>, _: SentForm) -> Response {
    let visitor = Visitor::current();
    if visitor.session.is_some() {
        end_session(&shop, &visitor).await;
    }
    let mut response = see_other("/");
    // The next visitor at this browser may be somebody else.
    for cookie in [Cookie::Session, Cookie::Recent] {
        if let Some(cookie) = shop.cookies.clear(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}

/// Moves the books of the guest cart into the account's cart. False if they could not be moved;
/// then the guest cart is kept.
pub(super) async fn merge_guest_cart(shop: &Shop, visitor: &Visitor) -> bool {
    let Some(guest_cart) = visitor.guest_cart else {
        return true;
    };
    let request = MergeCartRequest {
        guest_cart_id: guest_cart.to_string(),
    };
    let deadline = shop.action_deadline();
    call_for!(*visitor, deadline, shop.clients.carts, merge_cart, request).is_ok()
}

/// Ends the session of the browser. If that fails, the browser forgets the token anyway, and
/// the session expires.
async fn end_session(shop: &Shop, visitor: &Visitor) {
    let (request, deadline) = (SignOutRequest {}, shop.action_deadline());
    let ended = call_for!(*visitor, deadline, shop.clients.sessions, sign_out, request);
    if let Err(refusal) = ended {
        tracing::warn!(?refusal, "a session could not be ended; it will expire");
    }
}

fn sign_in_page(shop: &Shop, form: Form) -> FormPage {
    let text = "Sign in to see your account, and to find your cart on every device.";
    FormPage::new(shop, "Sign in", text)
        .form(form)
        .link("/forgot", "Forgotten your password?")
        .link("/sign-up", "New here? Open an account")
}

fn sign_in_form(next: Option<&LocalPath>) -> Form {
    let form = Form::new("/sign-in", "Sign in")
        .field(Field::new("email", "Email address", "email", "username"))
        .field(Field::new(
            "password",
            "Password",
            "password",
            "current-password",
        ));
    match next {
        Some(next) => form.hidden("next", next.as_str()),
        None => form,
    }
}

/// A description of the browser for the list of sessions, such as "Firefox on Linux"; empty
/// if it is none of the usual ones.
fn client_label(headers: &HeaderMap) -> String {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // The order matters: most browsers also name those that they are compatible with.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let name_in = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(part, _)| agent.contains(part));
        found.map(|(_, name)| *name)
    };
    match (name_in(&browsers), name_in(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_and_system_are_recognized() {
        let label = |agent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, agent.parse().expect("a value"));
            client_label(&headers)
        };
        let linux = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(label(linux), "Firefox on Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 \
                     (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
        assert_eq!(label(phone), "Safari on iPhone");
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                    Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0";
        assert_eq!(label(edge), "Edge on Windows");
        assert_eq!(label("curl/8.9"), "");
    }
}
