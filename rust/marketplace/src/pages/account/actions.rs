//! What the forms of the account page do.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header::SET_COOKIE,
    response::{IntoResponse, Response},
};
use contract::bookstore::accounts::v1::{
    AccountProfile, ChangePasswordRequest, DeleteAccountRequest, RevokeSessionRequest,
    UpdateAccountRequest,
};
use prost_types::FieldMask;

use super::{account_page, forms, require_account};
use crate::{
    forms::{Form, SentForm},
    pages::{address, see_other, service_unavailable, sign_up::explain},
    refusal::{Refusal, call_for},
    shop::Shop,
    visitor::{Cookie, Visitor},
};

/// `POST /account/profile`
pub(crate) async fn update_profile(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let profile = AccountProfile {
        display_name: sent.text("profile.display_name"),
        default_shipping_address: None,
    };
    let updated = update(&shop, profile, "display_name").await;
    finish(&shop, updated, "profile", || {
        forms::profile("").filled(&sent)
    })
    .await
}

/// `POST /account/address`: without any value, the address is removed.
pub(crate) async fn update_address(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let profile = AccountProfile {
        display_name: String::new(),
        default_shipping_address: address::sent(&sent, forms::ADDRESS),
    };
    let updated = update(&shop, profile, "default_shipping_address").await;
    finish(&shop, updated, "address", || {
        forms::address(None).filled(&sent)
    })
    .await
}

async fn update(shop: &Shop, profile: AccountProfile, path: &str) -> Result<(), Refusal> {
    let request = UpdateAccountRequest {
        profile: Some(profile),
        update_mask: Some(FieldMask {
            paths: vec![path.to_owned()],
        }),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    let client = &shop.clients.accounts;
    call_for!(visitor, deadline, client, update_account, request).map(drop)
}

/// `POST /account/password`
pub(crate) async fn change_password(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let request = ChangePasswordRequest {
        current_password: sent.get("current_password").to_owned(),
        new_password: sent.get("new_password").to_owned(),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    let client = &shop.clients.accounts;
    let changed = call_for!(visitor, deadline, client, change_password, request).map(drop);
    finish(&shop, changed, "password", forms::password).await
}

/// `POST /account/sessions`: ends a session. One that has already ended is no error.
pub(crate) async fn revoke_session(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current();
    if let Err(response) = require_account(&shop, &visitor) {
        return response;
    }
    let request = RevokeSessionRequest {
        session_id: sent.text("session_id"),
    };
    let deadline = shop.action_deadline();
    match call_for!(
        visitor,
        deadline,
        shop.clients.sessions,
        revoke_session,
        request
    ) {
        Err(Refusal::Unavailable) => {
            let what = "We can’t sign out the device at the moment.";
            service_unavailable(&shop, what).into_response()
        }
        _ => see_other("/account?done=session"),
    }
}

/// `POST /account/delete`
pub(crate) async fn delete(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let request = DeleteAccountRequest {
        current_password: sent.get("current_password").to_owned(),
    };
    let (visitor, deadline) = (Visitor::current(), shop.action_deadline());
    match call_for!(
        visitor,
        deadline,
        shop.clients.accounts,
        delete_account,
        request
    ) {
        Ok(_) => {
            let mut response = see_other("/account/deleted");
            if let Some(cookie) = shop.cookies.clear(Cookie::Session) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
        Err(refusal) => finish(&shop, Err(refusal), "", forms::deletion).await,
    }
}

/// Leads to the account page after a success; else shows the form again.
async fn finish(
    shop: &Shop,
    result: Result<(), Refusal>,
    done: &str,
    form: impl FnOnce() -> Form,
) -> Response {
    match result {
        Ok(()) => see_other(&format!("/account?done={done}")),
        Err(refusal) => {
            let form = form().refused(&refusal, explain);
            account_page(shop, None, Some(form)).await
        }
    }
}
