//! Who may read the monitor: clients on this machine, and whoever knows the token of the
//! operator. The rates and errors of the services are nobody else's business.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{AUTHORIZATION, FORWARDED, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rpc::{OperatorToken, PeerAddress};

use crate::shop::Shop;

/// A proxy on this machine adds one of these headers to the requests of others.
const PROXY_HEADERS: [HeaderName; 3] = [
    FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// Passes on the requests of the operator and of this machine; answers others with 401,
/// which lets browsers ask for the password.
pub(crate) async fn require_operator(
    State(shop): State<Arc<Shop>>,
    request: Request,
    next: Next,
) -> Response {
    if is_local(&request) || has_token(request.headers(), shop.operator_token()) {
        return next.run(request).await;
    }
    let challenge = HeaderValue::from_static("Basic realm=\"operator token as password\"");
    let text = "The monitor is for the operator: send the operator token as the password or as \
                a bearer token, or open it on the machine of the server.\n";
    let mut response = (StatusCode::UNAUTHORIZED, text).into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// Whether a browser or program on this machine sent the request, and not a proxy for others.
pub(crate) fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<PeerAddress>();
    let is_loopback = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let mut headers = PROXY_HEADERS.into_iter();
    is_loopback && !headers.any(|name| request.headers().contains_key(&name))
}

fn has_token(headers: &HeaderMap, token: &OperatorToken) -> bool {
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some((scheme, credential)) = value.and_then(|value| value.split_once(' ')) else {
        return false;
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return token.matches(credential);
    }
    let decoded = STANDARD.decode(credential).ok();
    let decoded = decoded.and_then(|decoded| String::from_utf8(decoded).ok());
    let password = decoded.as_deref().and_then(|pair| pair.split_once(':'));
    scheme.eq_ignore_ascii_case("basic")
        && password.is_some_and(|(_, password)| token.matches(password))
}
