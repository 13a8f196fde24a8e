//! The request and the expected answer of a case as short text, and a case as JSON.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    case::{Case, Expect, Payload},
    judge,
    probe::request_body,
    report::hexadecimal,
};

/// The request: the messages as JSON, or the raw call with its bytes in hexadecimal.
pub(super) fn request_text(case: &Case) -> String {
    match &case.send {
        Payload::Messages(messages) if messages.is_empty() => "no message".to_owned(),
        Payload::Messages(messages) => {
            let texts = messages.iter().map(|message| {
                serde_json::to_string(message).unwrap_or_else(|error| format!("({error})"))
            });
            texts.collect::<Vec<_>>().join(" ")
        }
        Payload::Raw(call) => {
            let mut text = String::new();
            if let Some(path) = &call.path {
                let _ = write!(text, "{path} ");
            }
            for (name, value) in &call.headers {
                let _ = write!(text, "{name}: {} ", String::from_utf8_lossy(value));
            }
            text + &hexadecimal(&call.body)
        }
    }
}

/// The expected answer: `accepted`, or `refused: id int32.gte_lte and 2 more`.
pub(super) fn expectation_text(expect: &Expect) -> String {
    match expect {
        Expect::Accepted => "accepted".to_owned(),
        Expect::Refused(due) => {
            let first = due.first().map(|due| match due.path.as_str() {
                "" => due.rule.clone(),
                path => format!("{path} {}", due.rule),
            });
            let more = match due.len() {
                0 | 1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            format!("refused: {}{more}", first.unwrap_or_default())
        }
        other => judge::describe_expectation(other),
    }
}

/// A case as one JSON object, as `proofread cases --json` prints it. The messages are null
/// if JSON can't represent one of them, such as an `Any` without a type URL; the body
/// always has the bytes.
pub(super) fn as_json(case: &Case) -> Value {
    let messages = match &case.send {
        Payload::Messages(messages) => serde_json::to_value(messages).unwrap_or(Value::Null),
        Payload::Raw(_) => Value::Null,
    };
    json!({
        "method": case.method.trim_start_matches('/'),
        "id": case.id,
        "phase": case.phase,
        "intent": case.intent,
        "exercises": case.exercises,
        "messages": messages,
        "body": BASE64_STANDARD.encode(&request_body(&case.send).bytes),
        "expect": case.expect,
    })
}

#[cfg(test)]
mod tests {
    use prost_reflect::{DescriptorPool, DynamicMessage, Value as Field};

    use super::*;
    use crate::case::Phase;

    #[test]
    fn any_without_type_url_has_no_json() {
        let any = DescriptorPool::global().get_message_by_name("google.protobuf.Any");
        let mut any = DynamicMessage::new(any.expect("it is well known"));
        any.set_field_by_name("value", Field::Bytes(vec![1].into()));
        let case = Case {
            id: "boundary/any".to_owned(),
            method: "/shop.v1.Shop/Get".to_owned(),
            phase: Phase::Boundary,
            intent: String::new(),
            exercises: Vec::new(),
            send: Payload::Messages(vec![any]),
            expect: Expect::Accepted,
        };
        let json = as_json(&case);
        assert_eq!(json["messages"], Value::Null);
        assert_eq!(json["body"], "AAAAAAMSAQE=");
    }
}
