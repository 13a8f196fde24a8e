//! Decodes `grpc-status-details-bin`. The four messages of `google.rpc` that it needs
//! are defined here, so that the tester depends on no gRPC library.

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

/// The name of the trailer.
pub(super) const DETAILS: &str = "grpc-status-details-bin";

/// Accepts base64 with and without padding. PROTOCOL-HTTP2.md, Requests:
/// "Implementations MUST accept padded and un-padded values".
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// The gRPC code; must be equal to `grpc-status`.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The message; must be equal to the decoded `grpc-message`.
    #[prost(string, tag = "2")]
    pub message: String,
    /// The details, each of any message type.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct BadRequest {
    /// The violations, one for each field and rule.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, Message)]
pub struct FieldViolation {
    /// The path of the field.
    #[prost(string, tag = "1")]
    pub field: String,
    /// Why the value is invalid, for people.
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
    /// The service or product that defines the reason.
    #[prost(string, tag = "2")]
    pub domain: String,
}

/// The decoded details of a status.
#[derive(Debug, Clone, Default)]
pub struct StatusDetails {
    /// The status message that contains the details.
    pub status: Status,
    /// The full names of the detail messages, in their order.
    pub names: Vec<String>,
    /// The violations in `buf.validate.Violations`, if the status has that detail.
    pub violations: Option<BTreeSet<Violation>>,
    /// The violations in `google.rpc.BadRequest`, if the status has that detail.
    pub bad_request: Option<Vec<FieldViolation>>,
    /// The reason in `google.rpc.ErrorInfo`, if the status has that detail.
    pub reason: Option<String>,
}

/// Decodes the status details of an answer; `None` where it has none.
///
/// # Errors
/// When they can't be decoded, with the reason.
pub fn parse(answer: &Answer) -> Result<Option<StatusDetails>, String> {
    let Some(value) = answer.trailer(DETAILS) else {
        return Ok(None);
    };
    // Several values of one header may arrive joined by commas; use the first one.
    let value = value.split(|byte| *byte == b',').next().unwrap_or_default();
    let bytes = BASE64
        .decode(value.trim_ascii())
        .map_err(|error| format!("{DETAILS} is not base64: {error}"))?;
    let status = Status::decode(bytes.as_slice())
        .map_err(|error| format!("{DETAILS} is no google.rpc.Status: {error}"))?;
    let mut parsed = StatusDetails::default();
    for detail in &status.details {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let undecodable =
            |error: prost::DecodeError| format!("the detail {name} does not decode: {error}");
        match name {
            "buf.validate.Violations" => {
                let listed = Violations::decode(detail.value.as_slice()).map_err(undecodable)?;
                let listed = listed.violations.iter().map(|violation| Violation {
                    path: path(violation.field.as_ref()),
                    rule: violation.rule_id().to_owned(),
                });
                parsed.violations = Some(listed.collect());
            }
            "google.rpc.BadRequest" => {
                let listed = BadRequest::decode(detail.value.as_slice()).map_err(undecodable)?;
                parsed.bad_request = Some(listed.field_violations);
            }
            "google.rpc.ErrorInfo" => {
                let info = ErrorInfo::decode(detail.value.as_slice()).map_err(undecodable)?;
                parsed.reason = Some(info.reason);
            }
            _ => {}
        }
        parsed.names.push(name.to_owned());
    }
    parsed.status = status;
    Ok(Some(parsed))
}

/// Formats a field path as protovalidate does: `books[0].prices["USD"]`.
pub(crate) fn path(path: Option<&FieldPath>) -> String {
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

/// The percent-decoded `grpc-message`: PROTOCOL-HTTP2.md, Responses.
pub(super) fn message(answer: &Answer) -> String {
    let value = answer.trailer("grpc-message").unwrap_or_default();
    percent_encoding::percent_decode(value)
        .decode_utf8_lossy()
        .into_owned()
}

/// Converts a rule id to the form that Google uses for reasons: `string.min_len` becomes
/// `STRING_MIN_LEN`.
pub(crate) fn google_reason(rule: &str) -> String {
    rule.chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}
