//! The status of an answer, with its details.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;
use prost_protovalidate_types::{Violation, Violations};
use prost_types::Any;

use super::Control;
use crate::{
    contract::{Code, DeclaredError},
    finding::FindingKind,
    judge::details::{
        BadRequest, ErrorInfo, FieldViolation, Status as RpcStatus, google_reason, path,
    },
};

pub(super) const OK: Code = Code(0);
pub(super) const CANCELLED: Code = Code(1);
pub(super) const INVALID_ARGUMENT: Code = Code(3);
pub(super) const DEADLINE_EXCEEDED: Code = Code(4);
pub(super) const NOT_FOUND: Code = Code(5);
pub(super) const ALREADY_EXISTS: Code = Code(6);
pub(super) const PERMISSION_DENIED: Code = Code(7);
pub(super) const RESOURCE_EXHAUSTED: Code = Code(8);
pub(super) const FAILED_PRECONDITION: Code = Code(9);
pub(super) const UNIMPLEMENTED: Code = Code(12);
pub(super) const INTERNAL: Code = Code(13);
pub(super) const UNAUTHENTICATED: Code = Code(16);

/// The `domain` of the reasons: the contract does not declare one.
const DOMAIN: &str = "proofread";

/// `grpc-message` is percent-encoded: PROTOCOL-HTTP2.md, Responses.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%');

/// The status of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Status {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) details: Vec<Any>,
    /// Whether the code in the details differs from `code`.
    contradicts_itself: bool,
}

impl Status {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            contradicts_itself: false,
        }
    }

    pub(super) fn ok() -> Self {
        Self::new(OK, "")
    }

    /// A declared error, with its reason.
    pub(super) fn declared(error: &DeclaredError) -> Self {
        let mut status = Self::new(error.code, error.when.clone());
        if !error.reason.is_empty() {
            let info = ErrorInfo {
                reason: error.reason.clone(),
                domain: DOMAIN.to_owned(),
            };
            status.details.push(any("google.rpc.ErrorInfo", &info));
        }
        status
    }

    /// The refusal of a request that breaks rules, with as many violations as fit into the
    /// trailers.
    pub(super) fn refusal(
        mut violations: Vec<Violation>,
        trailer_limit: usize,
        control: &Control,
    ) -> Self {
        if control.has(FindingKind::WrongViolations)
            && let Some(first) = violations.first_mut()
        {
            first.rule_id = Some("proofread.no_such_rule".to_owned());
        }
        let code = if control.has(FindingKind::WrongCode) {
            FAILED_PRECONDITION
        } else {
            INVALID_ARGUMENT
        };
        let count = violations.len();
        loop {
            let omitted = count - violations.len();
            let mut status = Self::new(code, refusal_message(&violations, omitted));
            status.details = refusal_details(&violations);
            status.contradicts_itself = control.has(FindingKind::WrongDetails);
            let size = status.encoded_details().len() + status.message.len();
            let most = trailer_limit - trailer_limit / 4;
            if size <= most || violations.len() <= 1 {
                return status;
            }
            // Each step leaves out the share that is too much, so that few are needed.
            let kept = violations.len() * most / size;
            violations.truncate(kept.clamp(1, violations.len() - 1));
        }
    }

    fn encoded_details(&self) -> String {
        let inner = RpcStatus {
            code: if self.contradicts_itself {
                NOT_FOUND.0
            } else {
                self.code.0
            },
            message: self.message.clone(),
            details: self.details.clone(),
        };
        BASE64_STANDARD_NO_PAD.encode(inner.encode_to_vec())
    }

    /// The trailer fields.
    pub(super) fn trailers(&self, control: &Control) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        let mut add = |name: &'static str, value: &str| {
            // Percent-encoded text and base64 are valid.
            if let Ok(value) = HeaderValue::from_str(value) {
                trailers.insert(HeaderName::from_static(name), value);
            }
        };
        if !control.has(FindingKind::Protocol) {
            add("grpc-status", &self.code.0.to_string());
        }
        if !self.message.is_empty() {
            let message = utf8_percent_encode(&self.message, UNSAFE).to_string();
            add("grpc-message", &message);
        }
        if !self.details.is_empty() {
            add("grpc-status-details-bin", &self.encoded_details());
        }
        if control.has(FindingKind::TrailerTooBig) {
            add("proofread-filler", &"x".repeat(64 << 10));
        }
        trailers
    }
}

/// `buf.validate.Violations` and then `google.rpc.BadRequest`.
fn refusal_details(violations: &[Violation]) -> Vec<Any> {
    let fields = violations.iter().map(|violation| FieldViolation {
        field: path(violation.field.as_ref()),
        description: violation.message().to_owned(),
        reason: google_reason(violation.rule_id()),
    });
    let bad_request = BadRequest {
        field_violations: fields.collect(),
    };
    let violations = Violations {
        violations: violations.to_vec(),
    };
    vec![
        any("buf.validate.Violations", &violations),
        any("google.rpc.BadRequest", &bad_request),
    ]
}

fn refusal_message(violations: &[Violation], omitted: usize) -> String {
    let first = violations.first().map(|violation| {
        let field = path(violation.field.as_ref());
        format!("{field} {}", violation.message()).trim().to_owned()
    });
    let first = first.unwrap_or_default();
    match omitted {
        0 => first,
        omitted => format!("{first}; {omitted} violations are left out"),
    }
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}
