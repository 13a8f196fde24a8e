//! The status of a request that violates rules of the contract.

use bytes::Bytes;
use prost::Message;
use prost_protovalidate::{ValidationError, Violation};
use prost_protovalidate_types::Violations;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

/// The maximum size of the encoded `google.rpc.Status`, in bytes. Base64 in the trailer
/// `grpc-status-details-bin` makes it a third larger; with the percent-encoded
/// `grpc-message` and the other trailers the total stays under 4 KiB, the limit that we
/// guarantee. Proxies commonly allow 8 KiB.
const MAX_DETAILS_BYTES: usize = 2700;

/// The maximum size of the description in the status message, in bytes. The message is
/// sent twice, in the details and in `grpc-message`, where each byte that is not ASCII
/// takes three.
const MAX_MESSAGE_BYTES: usize = 200;

/// Converts the violations of a request to the status INVALID_ARGUMENT.
///
/// Its details are `buf.validate.Violations` (field path and rule id, the convention of
/// Connect and go-grpc-middleware) and then `google.rpc.BadRequest` (Google's convention),
/// with the same violations in the same order. The encoded `google.rpc.Status` has the
/// same code and message. Violations that do not fit are only counted in the message.
pub fn violation_status(error: &ValidationError) -> Status {
    let violations = error.violations();
    let mut kept = violations.len();
    loop {
        let status = status_with(&violations[..kept], violations.len() - kept);
        if status.encoded_len() <= MAX_DETAILS_BYTES || kept == 0 {
            return Status::with_details(
                Code::InvalidArgument,
                status.message.clone(),
                Bytes::from(status.encode_to_vec()),
            );
        }
        // Removes a quarter at a time, so that many violations take few attempts.
        kept -= (kept / 4).max(1);
    }
}

fn status_with(violations: &[Violation], left_out: usize) -> pb::Status {
    let mut message = match violations.first() {
        Some(first) => format!("{}: {}", first.field_path(), description(first)),
        None => "the request violates the contract".to_owned(),
    };
    truncate(&mut message, MAX_MESSAGE_BYTES);
    match (violations.len(), left_out) {
        (0 | 1, 0) => {}
        (shown, 0) => message.push_str(&format!(" (and {} more)", shown - 1)),
        (shown, hidden) => message.push_str(&format!(
            " (and {} more, {hidden} of them not listed)",
            (shown + hidden).saturating_sub(1)
        )),
    }
    let all = Violations {
        violations: violations.iter().map(with_description).collect(),
    };
    let bad_request = pb::BadRequest {
        field_violations: violations.iter().map(field_violation).collect(),
    };
    pb::Status {
        code: Code::InvalidArgument as i32,
        message,
        details: vec![
            pack_any("buf.validate.Violations", &all),
            pack_any("google.rpc.BadRequest", &bad_request),
        ],
    }
}

/// The violation of protovalidate, with a message even if protovalidate has none.
fn with_description(violation: &Violation) -> prost_protovalidate_types::Violation {
    prost_protovalidate_types::Violation {
        message: Some(description(violation)),
        ..violation.to_proto()
    }
}

/// The violation for `google.rpc.BadRequest`. Its `reason` is the rule id as
/// UPPER_SNAKE_CASE: `INT32_GT` for `int32.gt`.
fn field_violation(violation: &Violation) -> pb::bad_request::FieldViolation {
    pb::bad_request::FieldViolation {
        field: violation.field_path(),
        description: description(violation),
        reason: violation.rule_id().replace('.', "_").to_uppercase(),
        localized_message: None,
    }
}

/// The description of a violation. protovalidate has no message for the well-known
/// formats, and a misleading one for an unset enum ("must not be in list [0]").
fn description(violation: &Violation) -> String {
    match (violation.message(), violation.rule_id()) {
        ("must not be in list [0]", _) => "must be set: 0 is the unset value".to_owned(),
        ("", rule_id) => {
            let format = rule_id.rsplit('.').next().unwrap_or(rule_id);
            match format.strip_suffix("_empty") {
                Some(format) => format!("must be set, to a valid {}", format_name(format)),
                None => format!("must be a valid {}", format_name(format)),
            }
        }
        (message, _) => message.to_owned(),
    }
}

/// The usual name of a well-known format: "host and port" for `host_and_port`.
fn format_name(format: &str) -> String {
    match format {
        "email" => "email address".to_owned(),
        "ip" | "ipv4" | "ipv6" | "uri" | "uuid" | "ulid" => format.to_uppercase(),
        other => other.replace('_', " "),
    }
}

/// A message as a detail of a status.
pub fn pack_any(full_name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{full_name}"),
        value: message.encode_to_vec(),
    }
}

fn truncate(text: &mut String, max_bytes: usize) {
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use prost_protovalidate::Validate;

    use super::*;
    use crate::bookstore::inventory::v1::{Book, BookImport, ImportBooksRequest};
    use crate::bookstore::recommendations::v1::RecommendRequest;

    fn validation_failure(request: &impl Validate) -> (Status, pb::Status) {
        let status = violation_status(&request.validate().expect_err("the request is invalid"));
        let inner = pb::Status::decode(status.details()).expect("details decode");
        (status, inner)
    }

    #[test]
    fn unset_fields_are_listed_in_both_details() {
        let (status, inner) = validation_failure(&RecommendRequest::default());
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!((inner.code, inner.message.as_str()), (3, status.message()));

        let violations = Violations::decode(&*inner.details[0].value).expect("violations decode");
        let rules: Vec<_> = violations.violations.iter().map(|v| v.rule_id()).collect();
        assert_eq!(rules, ["enum.not_in", "int32.gte_lte"]);

        let bad_request =
            pb::BadRequest::decode(&*inner.details[1].value).expect("bad request decodes");
        let fields: Vec<_> = bad_request
            .field_violations
            .iter()
            .map(|v| (v.field.as_str(), v.reason.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("category", "ENUM_NOT_IN"),
                ("max_results", "INT32_GTE_LTE")
            ]
        );
    }

    #[test]
    fn rules_of_nested_messages_are_checked() {
        let request = ImportBooksRequest {
            books: vec![
                BookImport::default(),
                BookImport {
                    book: Some(Book::default()),
                    on_hand: Some(-1),
                },
            ],
        };
        let (_, inner) = validation_failure(&request);
        let violations = Violations::decode(&*inner.details[0].value).expect("violations decode");
        assert!(violations.violations.iter().all(|v| v.rule.is_some()));
        let bad_request =
            pb::BadRequest::decode(&*inner.details[1].value).expect("bad request decodes");
        let fields = bad_request.field_violations.iter();
        insta::assert_snapshot!(
            fields
                .map(|v| format!("{} {}: {}\n", v.field, v.reason, v.description))
                .collect::<String>()
        );
    }

    #[test]
    fn many_violations_fit_the_size_limit() {
        let request = ImportBooksRequest {
            books: vec![BookImport::default(); 1000],
        };
        let (status, inner) = validation_failure(&request);
        assert!(status.details().len() <= MAX_DETAILS_BYTES);
        assert!(
            status.message().contains("999 more"),
            "{}",
            status.message()
        );
        let violations = Violations::decode(&*inner.details[0].value).expect("violations decode");
        assert!(violations.violations.len() > 5);
    }
}
