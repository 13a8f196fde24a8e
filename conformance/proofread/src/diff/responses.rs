//! Compares the rules of responses. They restrict the server: clients never receive a
//! value that a rule excludes. If a rule is removed, clients may receive values that
//! they could rely on never to receive; if a rule is added, clients can rely on more.

use std::collections::BTreeSet;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use super::{
    Change, ContractVersion, ExampleKind, Severity,
    verdicts::{Group, Verdict, judged, list},
};
use crate::{
    case::{Case, Payload},
    contract::Method,
    source_location,
};

pub(super) fn compare(
    old: &ContractVersion<'_>,
    new: &ContractVersion<'_>,
    (before, after): (&Method, &Method),
) -> Vec<Change> {
    let cases = [
        old.cases(&response_as_request(before)),
        new.cases(&response_as_request(after)),
    ]
    .concat();
    let (was, is) = (before.descriptor.output(), after.descriptor.output());
    // Cases with fields that only one contract has do not show a change of rules.
    let removed = judged(
        (old, &was),
        (new, &is),
        cases.iter().filter(|it| has_all_fields(&is, it)),
    );
    let removed = removed
        .into_iter()
        .filter(|((_, after), _)| after.is_empty());
    let removed = minimal_groups(removed.map(|((before, _), group)| (before, group)));
    let added = judged(
        (old, &was),
        (new, &is),
        cases.iter().filter(|it| has_all_fields(&was, it)),
    );
    let added = added
        .into_iter()
        .filter(|((before, _), _)| before.is_empty());
    let added = minimal_groups(added.map(|((_, after), group)| (after, group)));

    let removed = removed.into_iter().map(|(verdict, group)| {
        let place = verdict
            .first()
            .and_then(|due| source_location::of_violation(old.contract, was.full_name(), due));
        Change {
            severity: Severity::Break,
            description: format!("responses may now violate: {}", list(&verdict)),
            location: place.map(|place| format!("{place} (old)")),
            example: group.example,
            example_count: group.messages,
            example_kind: ExampleKind::Response,
        }
    });
    let added = added.into_iter().map(|(verdict, group)| Change {
        severity: Severity::Guarantee,
        description: format!(
            "responses are now guaranteed to satisfy: {}",
            list(&verdict)
        ),
        location: verdict
            .first()
            .and_then(|due| source_location::of_violation(new.contract, is.full_name(), due)),
        example: group.example,
        example_count: group.messages,
        example_kind: ExampleKind::Response,
    });
    removed.chain(added).collect()
}

/// Drops groups whose violations are a superset of the violations of another group:
/// the smaller group already shows the change.
fn minimal_groups(groups: impl Iterator<Item = (Verdict, Group)>) -> Vec<(Verdict, Group)> {
    let groups: Vec<_> = groups.collect();
    let all: BTreeSet<Verdict> = groups.iter().map(|(verdict, _)| verdict.clone()).collect();
    let is_minimal = |one: &Verdict| !all.iter().any(|it| it != one && it.is_subset(one));
    let minimal = groups
        .into_iter()
        .filter(|(verdict, _)| is_minimal(verdict));
    minimal.collect()
}

/// Whether the message type has all fields that the messages of the case set.
fn has_all_fields(kind: &MessageDescriptor, case: &Case) -> bool {
    let Payload::Messages(messages) = &case.send else {
        return false;
    };
    messages.iter().all(|message| {
        let bytes = message.encode_to_vec();
        let decoded = DynamicMessage::decode(kind.clone(), bytes.as_slice());
        decoded.is_ok_and(|decoded| has_no_unknown_fields(&decoded))
    })
}

fn has_no_unknown_fields(message: &DynamicMessage) -> bool {
    message.unknown_fields().next().is_none()
        && message.fields().all(|(_, value)| match value {
            Value::Message(nested) => has_no_unknown_fields(nested),
            Value::List(items) => items
                .iter()
                .all(|it| it.as_message().is_none_or(has_no_unknown_fields)),
            Value::Map(pairs) => pairs
                .values()
                .all(|it| it.as_message().is_none_or(has_no_unknown_fields)),
            _ => true,
        })
}

/// The method with its response in place of its request, so that cases are generated
/// for the response as for a request.
fn response_as_request(method: &Method) -> Method {
    Method {
        request: method.response.clone(),
        client_streaming: false,
        idempotency_key: None,
        ..method.clone()
    }
}
