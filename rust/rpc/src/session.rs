//! Carries the [`Session`] of a caller from call to call: see [`consistency`].

use std::sync::Arc;

use consistency::Session;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{CallContext, context::never_indexed};

static SESSION: HeaderName = HeaderName::from_static(consistency::HEADER);

/// The session that a client states. A text that is not a session is none, so that the reads of
/// the call are from the primary database.
pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Arc<Session>> {
    let text = headers.get(&SESSION)?.to_str().ok()?;
    Session::parse(text).map(Arc::new)
}

/// Adds the current session to a call that is made, and returns it.
pub(crate) fn add_to_request(headers: &mut HeaderMap) -> Option<Arc<Session>> {
    let session = Session::current()?;
    let is_nested = CallContext::current().is_some();
    let text = if is_nested {
        session.text_of_nested_call()
    } else {
        session.text()
    };
    insert(headers, text);
    Some(session)
}

/// Tells the client what was written in its session.
pub(crate) fn add_to_response(headers: &mut HeaderMap, session: &Session) {
    if session.has_changed() {
        insert(headers, session.text());
    }
}

/// Notes in the session of the caller what a call has written.
pub(crate) fn merge_response(session: &Session, headers: &HeaderMap) {
    let text = headers.get(&SESSION).and_then(|value| value.to_str().ok());
    if let Some(text) = text {
        session.merge(text);
    }
}

fn insert(headers: &mut HeaderMap, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(&SESSION, never_indexed(value));
    }
}
