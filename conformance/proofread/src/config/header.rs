//! Parses and checks metadata that users configure, such as `x-tenant: acme`.

use std::path::Path;

use super::{ConfigError, expand};

/// A header field of gRPC metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The key, in lower case.
    pub name: String,
    /// The value as it is sent; base64 if the key ends in `-bin`.
    pub value: String,
}

impl Header {
    /// Parses `key: value`; the value may be `@file` and may contain `${NAME}`.
    ///
    /// # Errors
    /// If the text has another form, or [`Header::new`] fails.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let Some((name, value)) = text.split_once(':') else {
            let message = "is not of the form 'key: value'".to_owned();
            return Err(ConfigError::Header(text.to_owned(), message));
        };
        Self::new(name.trim(), value.trim(), folder)
    }

    /// Expands the value and checks the header.
    ///
    /// # Errors
    /// If the value can't be expanded, the key or value has characters that HTTP forbids,
    /// or the key is reserved by gRPC.
    pub fn new(name: &str, value: &str, folder: &Path) -> Result<Self, ConfigError> {
        let value = expand(value, folder)?;
        let name = name.to_ascii_lowercase();
        let invalid = |message: &str| Err(ConfigError::Header(name.clone(), message.to_owned()));
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return invalid("the key contains characters that are not allowed in a header");
        }
        if name.starts_with("grpc-") {
            return invalid("keys that begin with grpc- are reserved by gRPC");
        }
        if http::HeaderValue::from_str(&value).is_err() {
            return invalid("the value contains characters that are not allowed in a header");
        }
        Ok(Self { name, value })
    }
}
