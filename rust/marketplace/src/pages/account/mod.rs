//! The account of the visitor: profile, address, password, sessions, export and deletion.

mod actions;
mod export;
mod forms;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::accounts::v1::{Account, ListSessionsRequest, Session};
use jiff::Timestamp;

use super::{
    FormPage, MessagePage, PageLayout, QueryParams, render, see_other, service_unavailable,
};
use crate::{forms::Form, refusal::call_for, shop::Shop, visitor::Visitor};

pub(crate) use actions::{change_password, delete, revoke_session, update_address, update_profile};
pub(crate) use export::export;

/// The largest page of sessions; an account has at most 100.
const MAX_SESSIONS: i32 = 200;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    layout: PageLayout,
    done: Option<&'static str>,
    email: String,
    since: String,
    profile: Form,
    address: Form,
    password: Form,
    deletion: Form,
    /// The open sessions; `None` if they could not be read.
    sessions: Option<Vec<SessionRow>>,
}

/// A session in the list.
struct SessionRow {
    id: String,
    label: String,
    opened: String,
    last_use: String,
    is_current: bool,
}

impl AccountPage {
    fn is_refused(&self) -> bool {
        let forms = [&self.profile, &self.address, &self.password, &self.deletion];
        forms.iter().any(|form| form.is_refused())
    }
}

/// `GET /account?done=`
pub(crate) async fn page(
    State(shop): State<Arc<Shop>>,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("profile") => Some("Your name is saved."),
        Some("address") => Some("Your address is saved."),
        Some("password") => Some("Your password is changed, and all other devices are signed out."),
        Some("session") => Some("The device is signed out."),
        _ => None,
    };
    account_page(&shop, done, None).await
}

/// `GET /account/deleted`
pub(crate) async fn deleted(State(shop): State<Arc<Shop>>) -> Response {
    let text = "Your account, its sessions and its cart are gone, and your name is being removed \
                from your reviews. You can still look at all our books, and open a new account at \
                any time.";
    FormPage::new(&shop, "Goodbye", text)
        .link("/", "To the home page")
        .into_response()
}

/// The page, with a form that was refused in place of its empty one.
async fn account_page(shop: &Shop, done: Option<&'static str>, refused: Option<Form>) -> Response {
    let visitor = Visitor::current();
    let account = match require_account(shop, &visitor) {
        Ok(account) => account,
        Err(response) => return response,
    };
    let profile = account.profile.clone().unwrap_or_default();
    let mut page = AccountPage {
        layout: PageLayout::new(shop),
        done,
        email: account.email.clone(),
        since: date(account.create_time),
        profile: forms::profile(&profile.display_name),
        address: forms::address(profile.default_shipping_address.as_ref()),
        password: forms::password(),
        deletion: forms::deletion(),
        sessions: sessions(shop, &visitor).await,
    };
    let mut status = StatusCode::OK;
    if let Some(refused) = refused {
        status = StatusCode::UNPROCESSABLE_ENTITY;
        let forms = [
            &mut page.profile,
            &mut page.address,
            &mut page.password,
            &mut page.deletion,
        ];
        for form in forms {
            if form.action == refused.action {
                *form = refused;
                break;
            }
        }
    }
    render(status, &page)
}

/// The account of the visitor; else the sign-in, or a page that says what still works.
#[expect(
    clippy::result_large_err,
    reason = "the response is sent at once and not passed on"
)]
fn require_account<'a>(shop: &Shop, visitor: &'a Visitor) -> Result<&'a Account, Response> {
    match (&visitor.session, &visitor.account) {
        (None, _) => Err(see_other("/sign-in?next=/account")),
        (Some(_), None) => {
            let what = "We can’t look up your account at the moment. Looking at books and \
                        searching them still works.";
            let page: MessagePage = service_unavailable(shop, what);
            Err(page.into_response())
        }
        (Some(_), Some(account)) => Ok(account),
    }
}

async fn sessions(shop: &Shop, visitor: &Visitor) -> Option<Vec<SessionRow>> {
    let request = ListSessionsRequest {
        page_size: MAX_SESSIONS,
        page_token: String::new(),
    };
    let deadline = shop.deadline();
    let answer = call_for!(
        *visitor,
        deadline,
        shop.clients.sessions,
        list_sessions,
        request
    );
    let answer = answer.ok()?;
    let current = answer.current_session_id;
    let sessions = answer.sessions.into_iter();
    Some(sessions.map(|session| row(session, &current)).collect())
}

fn row(session: Session, current: &str) -> SessionRow {
    SessionRow {
        opened: date(session.create_time),
        last_use: date(session.last_use_time),
        is_current: session.session_id == current,
        id: session.session_id,
        label: if session.client_label.is_empty() {
            "Unknown device".to_owned()
        } else {
            session.client_label
        },
    }
}

/// A day, such as "7 November 2026", in UTC; empty if it is unset.
pub(crate) fn date(time: Option<prost_types::Timestamp>) -> String {
    let time = time.and_then(|time| Timestamp::from_second(time.seconds).ok());
    time.map(|time| time.strftime("%-d %B %Y").to_string())
        .unwrap_or_default()
}
