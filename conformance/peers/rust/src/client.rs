//! The typed error of a call. Deadlines, retries and credentials are those of `rpc::Channel`.

use std::{collections::HashMap, fmt::Write as _, time::Duration};

use prost::Message;
use prost_protovalidate_types::{FieldPath, Violations, field_path_element::Subscript};
use tonic::{Code, Status};
use tonic_types::pb;

/// What the error of a call says.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code:?}{}: {message}", in_parentheses(reason))]
pub struct CallError {
    /// The status code.
    pub code: Code,
    /// The message of the status.
    pub message: String,
    /// The reason that the contract declares, such as `BOOK_NOT_FOUND`. Empty if the error has
    /// none, as those of the transport.
    pub reason: String,
    /// Belongs to the reason, such as the `book_id` of `BOOK_NOT_FOUND`.
    pub metadata: HashMap<String, String>,
    /// The rules of the contract that the request breaks.
    pub violations: Vec<Violation>,
    /// How long the server asks to wait before a retry.
    pub retry_after: Option<Duration>,
}

/// A rule of the contract that the request breaks.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The path of the field, such as `books[0].book.title`.
    pub field: String,
    /// The id of the rule, such as `string.min_len`.
    pub rule: String,
    /// What the rule says.
    pub message: String,
}

impl From<Status> for CallError {
    /// Decodes the details. Those that cannot be decoded are left out.
    fn from(status: Status) -> Self {
        let details = pb::Status::decode(status.details()).unwrap_or_default();
        let info: pb::ErrorInfo = detail(&details, "google.rpc.ErrorInfo").unwrap_or_default();
        let retry: Option<pb::RetryInfo> = detail(&details, "google.rpc.RetryInfo");
        let broken: Violations = detail(&details, "buf.validate.Violations").unwrap_or_default();
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason: info.reason,
            metadata: info.metadata,
            violations: broken.violations.into_iter().map(violation).collect(),
            retry_after: retry.and_then(|retry| retry.retry_delay?.try_into().ok()),
        }
    }
}

fn in_parentheses(reason: &str) -> String {
    match reason {
        "" => String::new(),
        reason => format!(" ({reason})"),
    }
}

fn detail<M: Message + Default>(status: &pb::Status, full_name: &str) -> Option<M> {
    let mut details = status.details.iter();
    let any = details.find(|any| any.type_url.rsplit('/').next() == Some(full_name))?;
    M::decode(&*any.value).ok()
}

fn violation(violation: prost_protovalidate_types::Violation) -> Violation {
    Violation {
        field: violation.field.as_ref().map(path_text).unwrap_or_default(),
        rule: violation.rule_id.unwrap_or_default(),
        message: violation.message.unwrap_or_default(),
    }
}

/// A field path in the notation of protovalidate: `books[0].prices["USD"]`.
fn path_text(path: &FieldPath) -> String {
    let mut text = String::new();
    for element in &path.elements {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(element.field_name());
        // Writing to a string does not fail.
        let _ = match &element.subscript {
            None => Ok(()),
            Some(Subscript::Index(index)) => write!(text, "[{index}]"),
            Some(Subscript::BoolKey(key)) => write!(text, "[{key}]"),
            Some(Subscript::IntKey(key)) => write!(text, "[{key}]"),
            Some(Subscript::UintKey(key)) => write!(text, "[{key}]"),
            Some(Subscript::StringKey(key)) => write!(text, "[{key:?}]"),
        };
    }
    text
}
