//! What `grpc-status-details-bin` says. The messages of `google.rpc` are written
//! down here, four small ones, so that the tester needs no gRPC library.

use std::collections::BTreeSet;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use prost::Message;
use prost_protovalidate_types::{FieldPath, Violations, field_path_element::Subscript};
use prost_types::Any;

use crate::{case::Violation, outcome::Answer};

/// The header of the details.
pub(super) const DETAILS: &str = "grpc-status-details-bin";

/// With and without padding: PROTOCOL-HTTP2.md, Requests: "Implementations MUST
/// accept padded and un-padded values".
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// The code, as outside.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The message, as outside.
    #[prost(string, tag = "2")]
    pub message: String,
    /// The details.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct BadRequest {
    /// What is wrong.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, Message)]
pub struct FieldViolation {
    /// The path of the field.
    #[prost(string, tag = "1")]
    pub field: String,
    /// What is wrong with it.
    #[prost(string, tag = "2")]
    pub description: String,
    /// The rule in Google's spelling: `STRING_MIN_LEN`.
    #[prost(string, tag = "3")]
    pub reason: String,
}

/// `google.rpc.ErrorInfo`, without its metadata.
#[derive(Clone, PartialEq, Message)]
pub struct ErrorInfo {
    /// The reason, as the contract declares it.
    #[prost(string, tag = "1")]
    pub reason: String,
    /// Who says so.
    #[prost(string, tag = "2")]
    pub domain: String,
}

/// The details of an answer that are of interest here.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The status inside.
    pub status: Status,
    /// The names of the details, in their order.
    pub names: Vec<String>,
    /// What `buf.validate.Violations` lists.
    pub violations: Option<BTreeSet<Violation>>,
    /// What `google.rpc.BadRequest` lists.
    pub bad_request: Option<Vec<FieldViolation>>,
    /// The reason of `google.rpc.ErrorInfo`.
    pub reason: Option<String>,
}

/// Reads the details of an answer; none where it has none.
///
/// # Errors
/// When they can't be decoded, with what is wrong.
pub fn read(answer: &Answer) -> Result<Option<Read>, String> {
    let Some(value) = answer.trailer(DETAILS) else {
        return Ok(None);
    };
    // Values that were sent under one name may be joined; the first one is ours.
    let value = value.split(|byte| *byte == b',').next().unwrap_or_default();
    let bytes = BASE64
        .decode(value.trim_ascii())
        .map_err(|error| format!("{DETAILS} is not base64: {error}"))?;
    let status = Status::decode(bytes.as_slice())
        .map_err(|error| format!("{DETAILS} is no google.rpc.Status: {error}"))?;
    let mut read = Read::default();
    for detail in &status.details {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let damaged = |error: prost::DecodeError| format!("the detail {name} is damaged: {error}");
        match name {
            "buf.validate.Violations" => {
                let listed = Violations::decode(detail.value.as_slice()).map_err(damaged)?;
                let listed = listed.violations.iter().map(|violation| Violation {
                    path: path(violation.field.as_ref()),
                    rule: violation.rule_id().to_owned(),
                });
                read.violations = Some(listed.collect());
            }
            "google.rpc.BadRequest" => {
                let listed = BadRequest::decode(detail.value.as_slice()).map_err(damaged)?;
                read.bad_request = Some(listed.field_violations);
            }
            "google.rpc.ErrorInfo" => {
                let info = ErrorInfo::decode(detail.value.as_slice()).map_err(damaged)?;
                read.reason = Some(info.reason);
            }
            _ => {}
        }
        read.names.push(name.to_owned());
    }
    read.status = status;
    Ok(Some(read))
}

/// A field path as protovalidate writes it: `books[0].prices["USD"]`.
pub(super) fn path(path: Option<&FieldPath>) -> String {
    let mut text = String::new();
    for element in path.iter().flat_map(|path| &path.elements) {
        if let Some(name) = element.field_name.as_deref().filter(|it| !it.is_empty()) {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(name);
        }
        let subscript = element.subscript.as_ref().map(|subscript| match subscript {
            Subscript::Index(number) | Subscript::UintKey(number) => number.to_string(),
            Subscript::IntKey(number) => number.to_string(),
            Subscript::BoolKey(key) => key.to_string(),
            Subscript::StringKey(key) => serde_json::Value::from(key.as_str()).to_string(),
        });
        if let Some(subscript) = subscript {
            text.push_str(&format!("[{subscript}]"));
        }
    }
    text
}

/// The message of the status, percent-decoded: PROTOCOL-HTTP2.md, Responses.
pub(super) fn message(answer: &Answer) -> String {
    let value = answer.trailer("grpc-message").unwrap_or_default();
    percent_encoding::percent_decode(value)
        .decode_utf8_lossy()
        .into_owned()
}

/// The reasons of the rules in Google's spelling: `string.min_len` is `STRING_MIN_LEN`.
pub(super) fn googled(rule: &str) -> String {
    rule.chars()
        .map(|character| match character.is_ascii_alphanumeric() {
            true => character.to_ascii_uppercase(),
            false => '_',
        })
        .collect()
}
