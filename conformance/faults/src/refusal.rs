//! The status of a request that violates rules, split into parts that faults can change.

use prost::Message;
use prost_protovalidate::{ValidationError, Violation};
use prost_protovalidate_types::{Violations, field_path_element::Subscript};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb::{self, BadRequest};

const VIOLATIONS: &str = "type.googleapis.com/buf.validate.Violations";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

/// The parts of a refusal. They are independent, so that a fault can make them contradict
/// each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The code in `grpc-status`.
    pub code: Code,
    /// The message in `grpc-message`.
    pub message: String,
    /// The code of the `google.rpc.Status` in `grpc-status-details-bin`.
    pub inner_code: Code,
    /// The message of that `google.rpc.Status`.
    pub inner_message: String,
    /// The detail `buf.validate.Violations`.
    pub violations: Violations,
    /// The detail `google.rpc.BadRequest`.
    pub bad_request: BadRequest,
    /// Which details are sent, in this order.
    pub order: Vec<Detail>,
}

/// A detail of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// `buf.validate.Violations`.
    Violations,
    /// `google.rpc.BadRequest`.
    BadRequest,
    /// Bytes that can't be decoded, with the type URL of `buf.validate.Violations`.
    Garbage,
}

impl Refusal {
    /// Splits a status into its parts; `None` if it does not have both details.
    pub fn read(status: &Status) -> Option<Self> {
        let inner = pb::Status::decode(status.details()).ok()?;
        let detail = |url: &str| inner.details.iter().find(|any| any.type_url == url);
        Some(Self {
            code: status.code(),
            message: status.message().to_owned(),
            inner_code: Code::from_i32(inner.code),
            inner_message: inner.message.clone(),
            violations: Violations::decode(&*detail(VIOLATIONS)?.value).ok()?,
            bad_request: BadRequest::decode(&*detail(BAD_REQUEST)?.value).ok()?,
            order: vec![Detail::Violations, Detail::BadRequest],
        })
    }

    /// A refusal because of one rule.
    pub fn of(path: &str, rule: &str) -> Self {
        let violation = Violation::new(path, rule, "is refused by a fault");
        let status = contract::violation_status(&ValidationError::single(violation));
        Self::read(&status).expect("the status is a refusal")
    }

    /// Builds the status from the parts.
    pub fn status(&self) -> Status {
        let details = self.order.iter().map(|detail| match detail {
            Detail::Violations => any(VIOLATIONS, self.violations.encode_to_vec()),
            Detail::BadRequest => any(BAD_REQUEST, self.bad_request.encode_to_vec()),
            Detail::Garbage => any(VIOLATIONS, vec![0x0a, 0xff, 0xff, 0x01]),
        });
        let inner = pb::Status {
            code: self.inner_code as i32,
            message: self.inner_message.clone(),
            details: details.collect(),
        };
        let details = if self.order.is_empty() {
            Vec::new()
        } else {
            inner.encode_to_vec()
        };
        Status::with_details(self.code, self.message.clone(), details.into())
    }

    /// Removes the violations for which `which` returns true from both details.
    pub fn drop_violations(&mut self, mut which: impl FnMut(&ViolationId) -> bool) {
        let dropped: Vec<bool> = self
            .violations
            .violations
            .iter()
            .map(|violation| which(&ViolationId::read(violation)))
            .collect();
        let mut is_dropped = dropped.iter();
        self.violations
            .violations
            .retain(|_| !is_dropped.next().copied().unwrap_or(false));
        let mut is_dropped = dropped.iter();
        self.bad_request
            .field_violations
            .retain(|_| !is_dropped.next().copied().unwrap_or(false));
    }

    /// Whether a violation has this path and this rule.
    pub fn has_violation(&self, path: &str, rule: &str) -> bool {
        let mut violations = self.violations.violations.iter().map(ViolationId::read);
        violations.any(|violation| violation.path == path && violation.rule == rule)
    }

    /// Sets both messages to the description of the first remaining violation.
    pub fn update_messages(&mut self) {
        if let Some(first) = self.bad_request.field_violations.first() {
            self.message = format!("{}: {}", first.field, first.description);
            self.inner_message.clone_from(&self.message);
        }
    }

    /// Whether no violations remain.
    pub fn is_empty(&self) -> bool {
        self.violations.violations.is_empty()
    }
}

/// Identifies a violation by field and rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViolationId {
    /// The path without indices and keys: `books[].book.title`.
    pub path: String,
    /// The id of the rule.
    pub rule: String,
    /// Whether it concerns the key of a map entry.
    pub for_key: bool,
}

impl ViolationId {
    /// Reads the identity of a violation.
    pub fn read(violation: &prost_protovalidate_types::Violation) -> Self {
        let elements = violation.field.iter().flat_map(|path| &path.elements);
        let names = elements.map(|element| {
            let brackets = match element.subscript {
                Some(Subscript::Index(_)) => "[]",
                Some(_) => "{}",
                None => "",
            };
            format!("{}{brackets}", element.field_name())
        });
        Self {
            path: names.collect::<Vec<_>>().join("."),
            rule: violation.rule_id().to_owned(),
            for_key: violation.for_key(),
        }
    }
}

fn any(type_url: &str, value: Vec<u8>) -> Any {
    Any {
        type_url: type_url.to_owned(),
        value,
    }
}
