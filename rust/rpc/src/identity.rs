//! Who makes a call.

use std::{fmt, sync::Arc};

use contract::errors::shared as errors;
use http::{HeaderMap, header::AUTHORIZATION};
use tonic::{Request, Status};
use uuid::Uuid;

use crate::failure;

/// The verified identity of a caller. The authentication layer adds it to the extensions
/// of every request; [`Caller::of`] returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody: the call has no credential, or the method does not ask for one and the
    /// credential was not verified.
    Anonymous,
    /// The operator of the bookstore, identified by the operator token.
    Operator,
    /// The owner of an account, identified by a session token.
    Account(AccountId),
    /// Another service of the bookstore. [`Caller::account_of`] returns the account for
    /// which it acts.
    Service(ServiceName),
}

impl Caller {
    /// The caller of a request.
    pub fn of<T>(request: &Request<T>) -> Self {
        request
            .extensions()
            .get()
            .cloned()
            .unwrap_or(Self::Anonymous)
    }

    /// The account of the caller, or the account for which a calling service acts.
    pub fn account_of<T>(request: &Request<T>) -> Option<AccountId> {
        match request.extensions().get() {
            Some(Self::Account(account)) => Some(*account),
            Some(Self::Service(_)) => request
                .extensions()
                .get()
                .map(|OnBehalfOf(account)| *account),
            _ => None,
        }
    }

    /// Like [`Caller::account_of`], for the requests that need an account. The layer has
    /// refused all others, so this fails, with CREDENTIAL_MISSING, only if the contract
    /// accepts further callers.
    pub fn require_account<T>(request: &Request<T>) -> Result<AccountId, Status> {
        Self::account_of(request).ok_or_else(missing_credential)
    }
}

/// The account for which a calling service acts; a request extension beside
/// [`Caller::Service`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnBehalfOf(pub AccountId);

/// The status of a call without the credential that the method requires.
pub(crate) fn missing_credential() -> Status {
    let message = "this method needs a credential: send authorization: Bearer TOKEN";
    failure(errors::CREDENTIAL_MISSING, message).into_status()
}

/// The token of `authorization: Bearer TOKEN`. As in HTTP, the scheme is case-insensitive.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case("Bearer ") && !token.is_empty()).then_some(token)
}

/// The id of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub Uuid);

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The name of a service of the bookstore, as the contract uses it: `cart`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceName(Arc<str>);

impl ServiceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ServiceName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
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
            assert_eq!(bearer_token(&headers), expected);
        }
    }
}
