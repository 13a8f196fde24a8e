//! Credentials: the tokens that methods require, and the headers that carry them.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{ConfigError, SetupCall};

/// A credential: a literal token, a call or a command that returns the token, or a client
/// certificate.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credential {
    /// The token; may be `@file` and may contain `${NAME}`.
    pub token: Option<String>,
    /// The method whose response contains the token: `pkg.Accounts/SignIn`.
    pub call: Option<String>,
    /// The request of that call as protobuf JSON; its strings are expanded.
    pub request: Option<Value>,
    /// The path of the token in the response: `session.token`.
    pub field: Option<String>,
    /// The command, for a shell in the folder of the configuration, that prints the token.
    pub command: Option<String>,
    /// The PEM file with the client certificate that proves the credential.
    pub cert: Option<PathBuf>,
    /// The PEM file with the private key of that certificate.
    pub key: Option<PathBuf>,
    /// The header with the placeholder `{token}`. Default: `Bearer {token}` under the key
    /// that `(proofread.v1.access)` names.
    pub header: Option<String>,
    /// The name of the credential in the contract, if this one belongs to another caller: the
    /// two are tested against each other.
    pub kind: Option<String>,
    /// Globs of the methods that get the credential, in addition to the methods whose
    /// `(proofread.v1.access)` names it.
    pub methods: Vec<String>,
}

/// The source of the token of a credential.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenSource<'a> {
    /// A literal token, not expanded yet.
    Token(&'a str),
    /// A call whose response contains it.
    Call(SetupCall),
    /// A command that prints it.
    Command(&'a str),
}

impl Credential {
    /// The PEM files of the client certificate that proves the credential, and of its key; `None`
    /// if a token does. `name` is the name of its table, for errors.
    ///
    /// # Errors
    /// If one of the files is missing, or there is a token too.
    pub fn certificate(&self, name: &str) -> Result<Option<(&Path, &Path)>, ConfigError> {
        let message = match (&self.cert, &self.key) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) if self.kind.is_some() => {
                "the credential of another caller needs a token, not cert"
            }
            (Some(_), Some(_)) if self.has_token() => {
                "cert is used without a token: remove token, call, command and header, or cert and key"
            }
            (Some(cert), Some(key)) => return Ok(Some((cert, key))),
            _ => "a client certificate needs both cert and key",
        };
        Err(invalid(name, message))
    }

    fn has_token(&self) -> bool {
        let of_tokens = [
            &self.token,
            &self.call,
            &self.field,
            &self.command,
            &self.header,
        ];
        of_tokens.iter().any(|it| it.is_some()) || self.request.is_some()
    }

    /// The source of the token. `name` is the name of its table, for errors.
    ///
    /// # Errors
    /// If the credential has several sources, or none.
    pub fn source(&self, name: &str) -> Result<TokenSource<'_>, ConfigError> {
        let invalid = |message: &str| Err(invalid(name, message));
        if let Some(command) = &self.command {
            let others = [
                self.token.is_some(),
                self.call.is_some(),
                self.field.is_some(),
            ];
            if others.contains(&true) || self.request.is_some() {
                return invalid("set only one of token, call and command");
            }
            return Ok(TokenSource::Command(command));
        }
        match (&self.token, &self.call, &self.field) {
            (Some(_), None, Some(_)) => invalid("field is only used with call, which is not set"),
            (Some(_), None, None) if self.request.is_some() => {
                invalid("request is only used with call, which is not set")
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
                invalid("call needs field, the path of the token in the response")
            }
            (Some(_), Some(_), _) => invalid("set either token or call, not both"),
            (None, None, _) => invalid("needs token, command, call and field, or cert and key"),
        }
    }
}

fn invalid(name: &str, message: &str) -> ConfigError {
    ConfigError::InvalidValue {
        key: format!("credentials.{name}"),
        message: message.to_owned(),
    }
}
