//! The baseline cases: the smallest valid request of a method.

use prost_reflect::DynamicMessage;

use super::{GeneratedCases, derive::CaseBuilder};
use crate::{
    case::{Case, Expect, Payload, Phase},
    contract::Method,
};

/// Adds the smallest valid request; for a client stream also streams of no and of three
/// messages.
pub(super) fn add(builder: &mut CaseBuilder<'_, '_>) {
    let is_stream = builder.method.client_streaming;
    let one = builder.baseline_with_unique_idempotency_key("baseline");
    let mut push = |id: &str, intent: &str, messages, expect| {
        builder.push(id, Phase::Baseline, intent, Vec::new(), messages, expect);
    };
    push(
        "baseline",
        "the smallest valid request",
        vec![one.clone()],
        Expect::Accepted,
    );
    if is_stream {
        // A contract can't say whether a stream without messages is valid.
        push(
            "baseline/empty",
            "a stream without messages",
            Vec::new(),
            Expect::AnyAnswer,
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

/// The only case of a method whose request is a well-known type such as
/// `google.protobuf.Empty`: no rule can apply to it.
pub(super) fn for_well_known_type(method: &Method) -> GeneratedCases {
    let request = DynamicMessage::new(method.descriptor.input());
    let case = Case {
        id: "baseline".to_owned(),
        method: method.path.clone(),
        phase: Phase::Baseline,
        intent: "the empty request".to_owned(),
        exercises: Vec::new(),
        send: Payload::Messages(vec![request]),
        expect: Expect::Accepted,
    };
    GeneratedCases {
        cases: vec![case],
        ..GeneratedCases::default()
    }
}
