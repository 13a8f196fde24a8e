mod bookstore;
mod every_rule;
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

/// What holds of all that is derived for a method.
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
    assert_eq!(ids.len(), generated.cases.len(), "{path} has ids twice");
    for case in &generated.cases {
        check_case(case, oracle);
    }
}

/// The expectation of a case is what the oracle says of its messages, and survives
/// the wire.
fn check_case(case: &Case, oracle: &Oracle) {
    let Payload::Messages(messages) = &case.send else {
        panic!("{} sends bytes", case.id);
    };
    let mut due = Vec::new();
    for message in messages {
        assert!(
            due.is_empty(),
            "{} goes on after a message that is refused",
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
        due = judged.into_iter().collect();
    }
    match &case.expect {
        Expect::Accepted => assert!(due.is_empty(), "{} breaks {due:?}", case.id),
        Expect::Refused(expected) => assert_eq!(*expected, due, "{}", case.id),
        Expect::AnyAnswer => assert!(messages.is_empty(), "{}", case.id),
        other => panic!("{} expects {other:?}", case.id),
    }
}
