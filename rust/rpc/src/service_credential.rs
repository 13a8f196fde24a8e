//! How a service proves its identity to the services of other processes: by a secret of
//! its own, sent as `bindery-service: NAME SECRET`. Both processes read it from their
//! settings. Within one process no proof is needed:
//! [`Channel::with_caller`](crate::Channel::with_caller) states the caller.
//!
//! `bindery-account: UUID` is the account for which a service acts. It is ignored for
//! callers that are not services.
//!
//! This module is the only one that knows this format. With mutual TLS the secret is not
//! needed: the name then comes from the certificate (`tls`).

use std::{collections::HashMap, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};
use subtle::ConstantTimeEq;

use crate::{AccountId, ServiceName};

static SERVICE: HeaderName = HeaderName::from_static("bindery-service");
static ACCOUNT: HeaderName = HeaderName::from_static("bindery-account");

/// The header of a call that a service only passes on, for whoever asks it to: then its own
/// identity gives no access. Everybody may send it, because it takes rights away.
pub(crate) static RELAYED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("bindery-relayed"),
    HeaderValue::from_static("true"),
);

/// Whether the caller passes the call on for somebody else.
pub(crate) fn is_relayed(headers: &HeaderMap) -> bool {
    headers.contains_key(&RELAYED.0)
}

/// The secrets of the services that may call this process, by name.
#[derive(Clone, Default)]
pub(crate) struct ServiceSecrets(Arc<HashMap<String, String>>);

impl ServiceSecrets {
    pub(crate) fn new(secrets: &HashMap<String, String>) -> Self {
        Self(Arc::new(secrets.clone()))
    }

    /// The service whose name and secret the headers contain. The secrets are compared in
    /// constant time, except that a different length shows.
    pub(crate) fn identify(&self, headers: &HeaderMap) -> Option<ServiceName> {
        let (name, secret) = headers.get(&SERVICE)?.to_str().ok()?.split_once(' ')?;
        let expected = self.0.get(name).filter(|expected| !expected.is_empty())?;
        let equal: bool = secret.as_bytes().ct_eq(expected.as_bytes()).into();
        equal.then(|| ServiceName::from(name))
    }
}

/// Whether the call names a service as its caller, with or without the right secret.
pub(crate) fn names_service(headers: &HeaderMap) -> bool {
    headers.contains_key(&SERVICE)
}

/// The header that proves the identity of a service; `None` if name or secret contain a
/// character that a header cannot.
pub(crate) fn proof(name: &ServiceName, secret: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(&format!("{name} {secret}")).ok()?;
    value.set_sensitive(true);
    Some((SERVICE.clone(), value))
}

/// The header that names the account for which a service acts.
pub(crate) fn account_header(account: AccountId) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::from_str(&account.to_string()).ok()?;
    Some((ACCOUNT.clone(), value))
}

/// The account for which a service acts.
pub(crate) fn on_behalf_of(headers: &HeaderMap) -> Option<AccountId> {
    let value = headers.get(&ACCOUNT)?.to_str().ok()?;
    value.parse().ok().map(AccountId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_of_the_service_proves_its_identity() {
        let secrets = [("cart", "cart-secret"), ("reviews", "")];
        let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret.to_owned()));
        let secrets = ServiceSecrets::new(&secrets.into());
        let cases = [
            ("cart", "cart-secret", true),
            ("cart", "other", false),
            ("recommendations", "cart-secret", false),
            ("reviews", "", false),
        ];
        for (name, secret, expected) in cases {
            let header = proof(&name.into(), secret).expect("a header value");
            let identified = secrets.identify(&HeaderMap::from_iter([header]));
            assert_eq!(identified, expected.then(|| name.into()), "{name} {secret}");
        }
    }
}
