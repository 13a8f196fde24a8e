//! Verifies credentials and decides which callers a method accepts. The layer
//! [`authenticate`](crate::layers::authenticate) acts on the decision.

mod cache;
mod decision;
mod operator_token;
mod policy;

use futures::future::BoxFuture;

pub use self::cache::CachedAuthenticator;
pub(crate) use self::decision::{Credentials, FirstMessage, Verdict, Verified};
pub use self::operator_token::OperatorToken;
use crate::Caller;

/// Verifies the tokens that clients send as `authorization: Bearer TOKEN`, except the
/// operator token. The binary plugs it in by
/// [`Router::verifying_tokens_by`](crate::Router::verifying_tokens_by).
///
/// In the process that serves Accounts it must not call `GetSession` by a channel: that
/// call would be verified by the authenticator again.
pub trait Authenticator: Send + Sync + 'static {
    /// The caller to whom the token belongs.
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>>;
}

/// Why a token could not be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The token belongs to nobody: it is wrong, has expired or was revoked.
    #[error("the token belongs to no open session")]
    Refused,
    /// It is unknown whether the token is valid, because whoever knows does not respond.
    /// The text is the cause, for the log.
    #[error("the token cannot be verified: {0}")]
    Unavailable(String),
}
