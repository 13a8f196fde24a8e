mod bookstore;
mod every_rule;
mod features;
mod fixtures;
mod impossible;
mod random;
mod shrink;
mod streams;

use std::collections::HashSet;

use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::*;
use crate::case::{Expect, Payload};

/// Checks what holds for everything that is derived for a method.
fn check(method: &Method, generated: &GeneratedCases, oracle: &Oracle) {
    let path = &method.path;
    assert!(
        generated.defects.is_empty(),
        "{path}: {:#?}",
        generated.defects
    );
    let baselines = generated.cases.iter().filter(|case| case.id == "baseline");
    assert_eq!(
        baselines.count(),
        1,
        "{path} has no baseline: {:#?}",
        generated.uncovered
    );
    let ids: HashSet<&str> = generated
        .cases
        .iter()
        .map(|case| case.id.as_str())
        .collect();
    assert_eq!(ids.len(), generated.cases.len(), "{path} has duplicate ids");
    for case in &generated.cases {
        check_case(case, oracle);
    }
}

/// Checks that the expected answer of a case is the oracle's evaluation of its messages,
/// after they were encoded and decoded.
fn check_case(case: &Case, oracle: &Oracle) {
    let Payload::Messages(messages) = &case.send else {
        panic!("{} sends bytes", case.id);
    };
    let mut violations = Vec::new();
    for message in messages {
        assert!(
            violations.is_empty(),
            "{} continues after an invalid message",
            case.id
        );
        let bytes = message.encode_to_vec();
        let decoded = DynamicMessage::decode(
            prost_reflect::ReflectMessage::descriptor(message),
            bytes.as_slice(),
        );
        let decoded = decoded.expect("what was encoded decodes");
        let judged = oracle
            .violations(&decoded)
            .expect("the rules can be evaluated");
        violations = judged.into_iter().collect();
    }
    match &case.expect {
        Expect::Accepted => assert!(violations.is_empty(), "{} breaks {violations:?}", case.id),
        Expect::Refused(expected) => assert_eq!(*expected, violations, "{}", case.id),
        Expect::AnyAnswer => assert!(messages.is_empty(), "{}", case.id),
        other => panic!("{} expects {other:?}", case.id),
    }
}
