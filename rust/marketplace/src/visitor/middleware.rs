//! Finds out who the visitor is, before the handler of each page.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use consistency::Session;
use rpc::PeerAddress;

use super::{
    CURRENT, Cookie, Visitor,
    form_secret::{FormSecret, is_same_origin},
};
use crate::{monitor::access::is_local, pages::MessagePage, shop::Shop};

/// The share of the time of a page that the header of the page may take.
const HEADER_SHARE: f32 = 0.3;

/// Middleware of all pages: finds out who the visitor is, refuses forms of other sites, and
/// keeps the pages out of every cache, because each is made for one visitor.
pub(crate) async fn identify(
    State(shop): State<Arc<Shop>>,
    request: Request,
    next: Next,
) -> Response {
    let (names, headers) = (&shop.cookies, request.headers());
    let is_safe = [Method::GET, Method::HEAD].contains(request.method());
    let is_allowed = is_safe || is_same_origin(headers, request.uri());
    let had_session = names.get(headers, Cookie::Session).is_some();
    let had_secret = names
        .get(headers, Cookie::Forms)
        .is_some_and(|value| FormSecret::parse(value).is_some());
    let mut visitor = Visitor::from_cookies(names, headers);
    let peer = request.extensions().get::<PeerAddress>();
    visitor.address = peer.map(|peer| peer.0.ip());
    visitor.is_local = is_local(&request);
    let writes = names.get(headers, Cookie::Writes).unwrap_or_default();
    let session = Arc::new(Session::parse(writes).unwrap_or_default());
    if is_allowed {
        let deadline = shop.deadline();
        visitor.page_deadline = is_safe.then_some(deadline);
        let loaded = visitor.load(&shop, deadline.fraction(HEADER_SHARE));
        session.scope(loaded).await;
    }
    let visitor = Arc::new(visitor);
    let handled = CURRENT.scope(Arc::clone(&visitor), async {
        if is_allowed {
            next.run(request).await
        } else {
            form_refused().into_response()
        }
    });
    let mut response = session.scope(handled).await;
    let headers = response.headers_mut();
    if session.has_changed()
        && let Some(cookie) = names.set(Cookie::Writes, &session.text())
    {
        headers.append(SET_COOKIE, cookie);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if !had_secret && let Some(cookie) = names.set(Cookie::Forms, &visitor.secret.cookie()) {
        headers.append(SET_COOKIE, cookie);
    }
    let is_set = |cookie: &HeaderValue| {
        let clear = names.clear(Cookie::Session);
        let name = clear
            .as_ref()
            .and_then(|clear| clear.to_str().ok()?.split('=').next());
        name.is_some_and(|name| cookie.as_bytes().starts_with(format!("{name}=").as_bytes()))
    };
    if had_session
        && visitor.session.is_none()
        && !headers.get_all(SET_COOKIE).iter().any(is_set)
        && let Some(cookie) = names.clear(Cookie::Session)
    {
        headers.append(SET_COOKIE, cookie);
    }
    response
}

/// The page for a form that this shop did not make for this browser.
pub(crate) fn form_refused() -> MessagePage {
    let text = "The form is too old, or it is not from this shop. Nothing has changed: go back, \
                load the page again and send it once more. The shop needs cookies for this.";
    let heading = "We can’t accept this form";
    MessagePage::new(StatusCode::FORBIDDEN, heading, text.to_owned())
}
