//! What answers may hold, by the rules of both contracts. They bind the server: what
//! they refuse no caller ever gets. Where one goes, callers get what they could rely
//! on never to get; where one comes, callers may rely on more.

use std::collections::BTreeSet;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use super::{
    Change, Severity, Shows, Side,
    verdicts::{Group, Verdict, judged, list},
};
use crate::{
    case::{Case, Payload},
    contract::Method,
    source_location,
};

pub(super) fn compare(
    old: &Side<'_>,
    new: &Side<'_>,
    (before, after): (&Method, &Method),
) -> Vec<Change> {
    let cases = [old.cases(&answering(before)), new.cases(&answering(after))].concat();
    let (was, is) = (before.descriptor.output(), after.descriptor.output());
    // A field that only one contract has is no news of its rules.
    let gone = judged(
        (old, &was),
        (new, &is),
        cases.iter().filter(|it| fit(&is, it)),
    );
    let gone = gone.into_iter().filter(|((_, after), _)| after.is_empty());
    let gone = told(gone.map(|((before, _), group)| (before, group)));
    let come = judged(
        (old, &was),
        (new, &is),
        cases.iter().filter(|it| fit(&was, it)),
    );
    let come = come
        .into_iter()
        .filter(|((before, _), _)| before.is_empty());
    let come = told(come.map(|((_, after), group)| (after, group)));

    let gone = gone.into_iter().map(|(verdict, group)| {
        let place = verdict
            .first()
            .and_then(|due| source_location::of_violation(old.contract, was.full_name(), due));
        Change {
            severity: Severity::Break,
            what: format!(
                "answers may now hold what was ruled out before: {}",
                list(&verdict)
            ),
            place: place.map(|place| format!("{place} (old)")),
            example: group.example,
            shown_by: group.messages,
            shows: Shows::Answer,
        }
    });
    let come = come.into_iter().map(|(verdict, group)| Change {
        severity: Severity::Promise,
        what: format!("answers may not hold any more: {}", list(&verdict)),
        place: verdict
            .first()
            .and_then(|due| source_location::of_violation(new.contract, is.full_name(), due)),
        example: group.example,
        shown_by: group.messages,
        shows: Shows::Answer,
    });
    gone.chain(come).collect()
}

/// What breaks two rules of which one alone says the same is not worth a line.
fn told(groups: impl Iterator<Item = (Verdict, Group)>) -> Vec<(Verdict, Group)> {
    let groups: Vec<_> = groups.collect();
    let all: BTreeSet<Verdict> = groups.iter().map(|(verdict, _)| verdict.clone()).collect();
    let smallest = |one: &Verdict| !all.iter().any(|it| it != one && it.is_subset(one));
    let told = groups.into_iter().filter(|(verdict, _)| smallest(verdict));
    told.collect()
}

/// Whether the message has all fields that the case holds.
fn fit(kind: &MessageDescriptor, case: &Case) -> bool {
    let Payload::Messages(messages) = &case.send else {
        return false;
    };
    messages.iter().all(|message| {
        let bytes = message.encode_to_vec();
        let decoded = DynamicMessage::decode(kind.clone(), bytes.as_slice());
        decoded.is_ok_and(|decoded| known(&decoded))
    })
}

fn known(message: &DynamicMessage) -> bool {
    message.unknown_fields().next().is_none()
        && message.fields().all(|(_, value)| match value {
            Value::Message(nested) => known(nested),
            Value::List(items) => items.iter().all(|it| it.as_message().is_none_or(known)),
            Value::Map(pairs) => pairs.values().all(|it| it.as_message().is_none_or(known)),
            _ => true,
        })
}

/// The method as if its response were what is asked, so that the same cases are made
/// of it as of a request.
fn answering(method: &Method) -> Method {
    Method {
        request: method.response.clone(),
        client_streaming: false,
        idempotency_key: None,
        ..method.clone()
    }
}
