//! The status of a request that breaks rules, taken apart so that a fault can put
//! it together wrongly.

use prost::Message;
use prost_protovalidate::{ValidationError, Violation};
use prost_protovalidate_types::{Violations, field_path_element::Subscript};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb::{self, BadRequest};

const VIOLATIONS: &str = "type.googleapis.com/buf.validate.Violations";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

/// A refusal, part by part. The parts are independent: a fault may let them
/// contradict each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The code outside.
    pub code: Code,
    /// The message outside.
    pub message: String,
    /// The code inside.
    pub inner_code: Code,
    /// The message inside.
    pub inner_message: String,
    /// The first detail.
    pub violations: Violations,
    /// The second detail.
    pub bad_request: BadRequest,
    /// The details to send, by their places: first `Violations`, second
    /// `BadRequest`.
    pub order: Vec<Detail>,
}

/// A detail of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// `buf.validate.Violations`.
    Violations,
    /// `google.rpc.BadRequest`.
    BadRequest,
    /// Bytes that do not decode, said to be `buf.validate.Violations`.
    Garbage,
}

impl Refusal {
    /// Takes a status apart; none for one that is no refusal by rules.
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

    /// A refusal for one rule.
    pub fn of(path: &str, rule: &str) -> Self {
        let violation = Violation::new(path, rule, "is refused by a fault");
        let status = contract::violation_status(&ValidationError::single(violation));
        Self::read(&status).expect("the status is a refusal")
    }

    /// Puts the status together.
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
        let details = match self.order.is_empty() {
            true => Vec::new(),
            false => inner.encode_to_vec(),
        };
        Status::with_details(self.code, self.message.clone(), details.into())
    }

    /// Drops the violations for which this holds, from both details.
    pub fn drop_violations(&mut self, mut which: impl FnMut(&Named) -> bool) {
        let dropped: Vec<bool> = self
            .violations
            .violations
            .iter()
            .map(|violation| which(&Named::read(violation)))
            .collect();
        let mut places = dropped.iter();
        self.violations
            .violations
            .retain(|_| !places.next().copied().unwrap_or(false));
        let mut places = dropped.iter();
        self.bad_request
            .field_violations
            .retain(|_| !places.next().copied().unwrap_or(false));
    }

    /// Whether a violation is about this rule of this field.
    pub fn names(&self, path: &str, rule: &str) -> bool {
        let mut violations = self.violations.violations.iter().map(Named::read);
        violations.any(|named| named.path == path && named.rule == rule)
    }

    /// Makes the messages say what the first violation that is left says.
    pub fn tell_anew(&mut self) {
        if let Some(first) = self.bad_request.field_violations.first() {
            self.message = format!("{}: {}", first.field, first.description);
            self.inner_message.clone_from(&self.message);
        }
    }

    /// Whether no violation is left.
    pub fn is_empty(&self) -> bool {
        self.violations.violations.is_empty()
    }
}

/// A violation as faults name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The path without indices and keys: `books[].book.title`.
    pub path: String,
    /// The id of the rule.
    pub rule: String,
    /// Whether it is about the key of a map.
    pub for_key: bool,
}

impl Named {
    /// Reads a violation.
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
