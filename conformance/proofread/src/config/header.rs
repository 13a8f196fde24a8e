//! Metadata that goes with a call, as a person writes it.

use std::path::Path;

use super::{ConfigError, expand};

/// A header field of gRPC metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The key, in lower case.
    pub name: String,
    /// The value; of a `-bin` key in base64, as it is on the wire.
    pub value: String,
}

impl Header {
    /// Reads `key: value`; the value may be `@file` and may hold `${NAME}`.
    ///
    /// # Errors
    /// When it is not of that form, or the value can't be found or sent.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let Some((name, value)) = text.split_once(':') else {
            let message = "is not of the form 'key: value'".to_owned();
            return Err(ConfigError::Header(text.to_owned(), message));
        };
        Self::new(name.trim(), value.trim(), folder)
    }

    /// Makes one of a key and a value that is still to be expanded.
    ///
    /// # Errors
    /// When the value can't be found, or key or value can't be sent.
    pub fn new(name: &str, value: &str, folder: &Path) -> Result<Self, ConfigError> {
        let value = expand(value, folder)?;
        let name = name.to_ascii_lowercase();
        let refuse = |message: &str| Err(ConfigError::Header(name.clone(), message.to_owned()));
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return refuse("the key holds characters that no header may hold");
        }
        if name.starts_with("grpc-") {
            return refuse("keys that begin with grpc- belong to the protocol");
        }
        if http::HeaderValue::from_str(&value).is_err() {
            return refuse("the value holds characters that no header may hold");
        }
        Ok(Self { name, value })
    }
}
