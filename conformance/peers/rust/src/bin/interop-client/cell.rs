//! What the matrix asks for, and what the client tells it.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize};

/// One call: what to send, and how.
#[derive(Debug, Deserialize)]
pub(crate) struct Cell {
    pub id: String,
    /// `package.Service/Method`
    pub method: String,
    /// The messages, encoded, in base64.
    #[serde(deserialize_with = "from_base64")]
    pub requests: Vec<Vec<u8>>,
    /// Text; the values of keys that end with `-bin` are base64.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    pub timeout_ms: Option<u64>,
    /// Cancels the call after so many responses, or at once if it is 0.
    pub cancel_after: Option<usize>,
    #[serde(default)]
    pub gzip: bool,
    /// The call has no credential.
    #[serde(default)]
    pub anonymous: bool,
}

/// What the client has seen of a call.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Observation {
    pub id: String,
    pub code: String,
    pub message: String,
    pub reason: String,
    pub violations: Vec<String>,
    pub retry_after_ms: u128,
    pub responses: Vec<serde_json::Value>,
    /// In base64.
    pub response_bytes: Vec<String>,
    pub headers: BTreeMap<String, String>,
    pub trailers: BTreeMap<String, String>,
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let decoded = texts.iter().map(|text| BASE64_STANDARD.decode(text));
    decoded
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}
