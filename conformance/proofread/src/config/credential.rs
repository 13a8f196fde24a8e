//! What is shown to methods that ask for it.

use serde::Deserialize;
use serde_json::Value;

use super::{ConfigError, SetupCall};

/// A credential: a token that is known, or one that a call answers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credential {
    /// The token; may be `@file` and may hold `${NAME}`.
    pub token: Option<String>,
    /// The method that answers the token: `pkg.Accounts/SignIn`.
    pub call: Option<String>,
    /// The request of that call, as protobuf JSON; strings in it are expanded.
    pub request: Option<Value>,
    /// Where the token stands in the response: `session.token`.
    pub field: Option<String>,
    /// The header, `{token}` in the place of the token. Where it is not said, it is
    /// `Bearer {token}` under the key that `(proofread.v1.access)` names.
    pub header: Option<String>,
    /// The methods that get it, as globs, beside those whose `(proofread.v1.access)`
    /// names it.
    pub methods: Vec<String>,
}

/// Where the token of a credential comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenSource<'a> {
    /// It is known; still to be expanded.
    Token(&'a str),
    /// A call answers it.
    Call(Call),
}

impl Credential {
    /// Where the token comes from.
    ///
    /// # Errors
    /// When the credential says neither or both ways; `name` is that of its table.
    pub fn source(&self, name: &str) -> Result<TokenSource<'_>, ConfigError> {
        let wrong = |message: &str| {
            Err(ConfigError::InvalidValue {
                key: format!("credentials.{name}"),
                message: message.to_owned(),
            })
        };
        match (&self.token, &self.call, &self.field) {
            (Some(_), None, Some(_)) => wrong("field belongs to call, and there is none"),
            (Some(_), None, None) if self.request.is_some() => {
                wrong("request belongs to call, and there is none")
            }
            (Some(token), None, None) => Ok(TokenSource::Token(token)),
            (None, Some(method), Some(field)) => Ok(TokenSource::Call(SetupCall {
                method: method.clone(),
                request: self
                    .request
                    .clone()
                    .unwrap_or(Value::Object(Default::default())),
                field: field.clone(),
            })),
            (None, Some(_), None) => {
                wrong("call needs field, the place of the token in the response")
            }
            (Some(_), Some(_), _) => wrong("either token or call, not both"),
            (None, None, _) => wrong("needs token, or call and field"),
        }
    }
}
