//! The token of the operator.

use std::sync::Arc;

use subtle::ConstantTimeEq;

/// Compares tokens with the operator token, in constant time, except that a different
/// length shows. Failed attempts are not rate-limited, because the token is long and
/// random, unlike a password.
#[derive(Clone)]
pub struct OperatorToken(Option<Arc<str>>);

impl OperatorToken {
    /// With `None`, no token matches.
    pub fn new(token: Option<&str>) -> Self {
        Self(token.map(Arc::from))
    }

    /// Whether this is the token.
    pub fn matches(&self, token: &str) -> bool {
        let expected = self.0.as_deref();
        expected.is_some_and(|expected| token.as_bytes().ct_eq(expected.as_bytes()).into())
    }
}
