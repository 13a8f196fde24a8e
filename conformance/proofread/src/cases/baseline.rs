//! The smallest valid request.

use prost_reflect::DynamicMessage;

use super::{Generated, derive::Making};
use crate::{
    case::{Case, Expect, Phase, Send},
    contract::Method,
};

/// Adds the baseline, and for a client stream the numbers of messages that say
/// something.
pub(super) fn add(making: &mut Making<'_, '_>) {
    let is_stream = making.method.client_streaming;
    let one = making.fresh_baseline("baseline");
    let mut push = |id: &str, intent: &str, messages, expect| {
        making.push(id, Phase::Baseline, intent, Vec::new(), messages, expect);
    };
    push(
        "baseline",
        "the smallest valid request",
        vec![one.clone()],
        Expect::Accepted,
    );
    if is_stream {
        // Nothing in a contract says what a stream of nothing is.
        push(
            "baseline/empty",
            "a stream without messages",
            Vec::new(),
            Expect::Survives,
        );
        let three = vec![one; 3];
        push(
            "baseline/three",
            "three times the smallest valid message",
            three,
            Expect::Accepted,
        );
    }
}

/// The one case of a method whose request is a message of protobuf itself: no rule
/// can be about it.
pub(super) fn foreign(method: &Method) -> Generated {
    let request = DynamicMessage::new(method.descriptor.input());
    let case = Case {
        id: "baseline".to_owned(),
        method: method.path.clone(),
        phase: Phase::Baseline,
        intent: "the empty request".to_owned(),
        exercises: Vec::new(),
        send: Send::Messages(vec![request]),
        expect: Expect::Accepted,
    };
    Generated {
        cases: vec![case],
        ..Generated::default()
    }
}
