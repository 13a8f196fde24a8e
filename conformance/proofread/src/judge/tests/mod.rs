//! The verdicts about correct answers, and about each way in which an answer can be wrong.

mod accepted;
mod refused;
mod wellformed;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};
use bytes::Bytes;
use prost::Message;
use prost_protovalidate_types::{
    FieldPath, FieldPathElement, Violation, Violations, field_path_element::Subscript,
};
use prost_reflect::DynamicMessage;
use prost_types::Any;

use super::{
    details::{BadRequest, ErrorInfo, FieldViolation, Status},
    *,
};
use crate::{case, profile::Details, testing};

const SHOP: &str = r#"
    service Shop {
      option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE when: "no time"};
      rpc Get(GetRequest) returns (GetResponse) {
        option (proofread.v1.errors) = {code: CODE_NOT_FOUND reason: "BOOK_NOT_FOUND" when: "none"};
        option (proofread.v1.errors) = {code: CODE_INVALID_ARGUMENT reason: "ODD" when: "odd"};
      }
      rpc Watch(GetRequest) returns (stream GetResponse);
    }
    service Plain {
      rpc Ask(PlainMessage) returns (PlainMessage);
    }
    message PlainMessage { string text = 1; }
    message GetRequest {
      int32 id = 1 [(buf.validate.field).int32.gt = 0];
      string name = 2 [(buf.validate.field).string.min_len = 1];
    }
    message GetResponse { string title = 1 [(buf.validate.field).string.min_len = 1]; }
"#;

const GET: &str = "/shop.v1.Shop/Get";
const WATCH: &str = "/shop.v1.Shop/Watch";
const PLAIN: &str = "/shop.v1.Plain/Ask";

fn case(method: &str, expect: Expect) -> Case {
    Case {
        id: "boundary/id".to_owned(),
        method: method.to_owned(),
        phase: Phase::Boundary,
        intent: "a test".to_owned(),
        exercises: Vec::new(),
        send: Payload::Messages(Vec::new()),
        expect,
    }
}

fn kinds_of(profile: &Profile, case: &Case, outcome: &Outcome) -> Vec<FindingKind> {
    let contract = Contract::decode(&testing::shop(SHOP)).expect("a contract");
    let oracle = Oracle::new(&contract);
    let findings = judge(&contract, &oracle, profile, case, outcome);
    assert_eq!(
        findings,
        judge(&contract, &oracle, profile, case, outcome),
        "verdicts are deterministic"
    );
    findings.into_iter().map(|finding| finding.kind).collect()
}

fn due() -> Vec<case::Violation> {
    [("id", "int32.gt"), ("name", "string.min_len")]
        .map(|(path, rule)| case::Violation {
            path: path.to_owned(),
            rule: rule.to_owned(),
        })
        .into()
}

/// Builds an answer with an error status, correct or wrong in chosen ways.
struct ErrorAnswer {
    code: i32,
    inner_code: i32,
    message: String,
    inner_message: String,
    violations: Option<Vec<(String, String)>>,
    fields: Option<Vec<(String, String)>>,
    reason: Option<&'static str>,
    reversed: bool,
    padded: bool,
}

impl ErrorAnswer {
    fn error(code: i32) -> Self {
        Self {
            code,
            inner_code: code,
            message: "caf\u{e9} 100%".to_owned(),
            inner_message: "caf\u{e9} 100%".to_owned(),
            violations: None,
            fields: None,
            reason: None,
            reversed: false,
            padded: false,
        }
    }

    fn refusal() -> Self {
        let listed = |google: bool| {
            let pairs = due().into_iter().map(|due| {
                let rule = if google {
                    details::google_reason(&due.rule)
                } else {
                    due.rule
                };
                (due.path, rule)
            });
            Some(pairs.collect())
        };
        Self {
            violations: listed(false),
            fields: listed(true),
            ..Self::error(3)
        }
    }

    fn answer(&self) -> Answer {
        let any = |name: &str, value: Vec<u8>| Any {
            type_url: format!("type.googleapis.com/{name}"),
            value,
        };
        let mut details = Vec::new();
        if let Some(listed) = &self.violations {
            let violations = listed.iter().map(|(path, rule)| Violation {
                field: Some(FieldPath {
                    elements: path
                        .split('.')
                        .map(|name| FieldPathElement {
                            field_name: Some(name.to_owned()),
                            ..FieldPathElement::default()
                        })
                        .collect(),
                }),
                rule_id: Some(rule.clone()),
                ..Violation::default()
            });
            let violations = Violations {
                violations: violations.collect(),
            };
            details.push(any("buf.validate.Violations", violations.encode_to_vec()));
        }
        if let Some(listed) = &self.fields {
            let bad = BadRequest {
                field_violations: listed
                    .iter()
                    .map(|(field, reason)| FieldViolation {
                        field: field.clone(),
                        description: "wrong".to_owned(),
                        reason: reason.clone(),
                    })
                    .collect(),
            };
            details.push(any("google.rpc.BadRequest", bad.encode_to_vec()));
        }
        if let Some(reason) = self.reason {
            let info = ErrorInfo {
                reason: reason.to_owned(),
                domain: "shop".to_owned(),
            };
            details.push(any("google.rpc.ErrorInfo", info.encode_to_vec()));
        }
        if self.reversed {
            details.reverse();
        }
        let mut trailers = vec![
            header("content-type", "application/grpc"),
            header("grpc-status", &self.code.to_string()),
        ];
        let encoded = self.message.replace('%', "%25").replace('\u{e9}', "%C3%A9");
        trailers.push(header("grpc-message", &encoded));
        if !details.is_empty() {
            let status = Status {
                code: self.inner_code,
                message: self.inner_message.clone(),
                details,
            };
            let bytes = status.encode_to_vec();
            let text = if self.padded {
                BASE64_STANDARD.encode(bytes)
            } else {
                BASE64_STANDARD_NO_PAD.encode(bytes)
            };
            trailers.push(header("grpc-status-details-bin", &text));
        }
        Answer {
            http_status: 200,
            headers: trailers.clone(),
            trailers,
            ..Answer::default()
        }
    }

    fn outcome(&self) -> Outcome {
        Outcome::Answered(self.answer())
    }
}

fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

fn ok(messages: &[&'static [u8]]) -> Answer {
    Answer {
        http_status: 200,
        headers: vec![header("content-type", "application/grpc+proto")],
        messages: messages.iter().map(|it| Bytes::from_static(it)).collect(),
        trailers: vec![header("grpc-status", "0")],
        ..Answer::default()
    }
}

const TITLE: &[u8] = &[0x0a, 1, b'T'];

fn both() -> Profile {
    Profile::strict().with_details(Details::Both)
}
