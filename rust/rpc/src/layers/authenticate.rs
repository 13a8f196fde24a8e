//! Authentication: identifies the caller, and refuses calls of everybody but the
//! operator to methods whose `(proofread.v1.access)` requires the operator.
//!
//! The credential is `authorization: Bearer TOKEN`. Without a token the status is
//! UNAUTHENTICATED, with a wrong one PERMISSION_DENIED, both before a message is read.
//! In-process calls need no token. Other credentials of the contract, such as accounts,
//! are checked by the services, because that needs a database.
//!
//! Tokens are compared in constant time, except that a different length shows. Failed
//! attempts appear in the log and the metrics by their code. They are not rate-limited,
//! because a token is long and random, unlike a password.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use contract::errors::shared as errors;
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use subtle::ConstantTimeEq;
use tonic::{Status, body::Body};
use tower::Service;

use super::response_future::ResponseFuture;
use crate::{CallContext, Caller, failure};

/// The value of `credential` in the contract that this layer checks.
const OPERATOR: &str = "operator";

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct Authenticate<S> {
    inner: S,
    token: Option<Arc<str>>,
}

impl<S> Authenticate<S> {
    pub(crate) fn new(inner: S, token: Option<Arc<str>>) -> Self {
        Self { inner, token }
    }

    fn identify(&self, credential: Option<&[u8]>) -> Caller {
        match (credential, &self.token) {
            (Some(given), Some(token)) if given.ct_eq(token.as_bytes()).into() => Caller::Operator,
            _ => Caller::Anonymous,
        }
    }
}

impl<S, B> Service<Request<Body>> for Authenticate<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: Default,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<CallContext>>();
        let required_credential = call.and_then(|call| call.method_info().credential);
        let internal = request.extensions().get() == Some(&Caller::Internal);
        if !internal {
            let credential = bearer_token(request.headers());
            let caller = self.identify(credential);
            if required_credential == Some(OPERATOR) && !caller.is_trusted() {
                return ResponseFuture::refused(refusal_status(credential));
            }
            request.extensions_mut().insert(caller);
        }
        let inner = self.inner.call(request);
        ResponseFuture::Inner { inner }
    }
}

fn refusal_status(credential: Option<&[u8]>) -> Status {
    match credential {
        None => failure(
            errors::CREDENTIAL_MISSING,
            "this method needs the operator's token: send authorization: Bearer TOKEN",
        ),
        Some(_) => failure(
            errors::CREDENTIAL_REFUSED,
            "the token is not the operator's",
        ),
    }
    .into_status()
}

/// The token of `Bearer TOKEN`. As in HTTP, the scheme is case-insensitive.
fn bearer_token(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_tokens_are_credentials() {
        let cases: [(&str, Option<&str>); 7] = [
            ("Bearer secret", Some("secret")),
            ("bearer secret", Some("secret")),
            ("Bearer  secret ", Some("secret")),
            ("Bearer ", None),
            ("Bearer", None),
            ("Basic c2VjcmV0", None),
            ("secret", None),
        ];
        for (value, expected) in cases {
            let value = value.parse().expect("a header value");
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
            assert_eq!(bearer_token(&headers), expected.map(str::as_bytes));
        }
    }
}
