//! The cases of both contracts, judged by the rules of both.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::{Change, MethodDiff, Severity, Shows, Side};
use crate::{
    case::{Case, Payload, Violation},
    contract::{Contract, Method},
    oracle::Oracle,
    source_location,
};

/// The violations that are due for a message; for a stream, those of its messages.
pub(super) type Verdict = BTreeSet<Violation>;

/// Messages whose verdict changes in the same way.
#[derive(Default)]
pub(super) struct Group {
    pub(super) messages: usize,
    /// The shortest one that shows it.
    pub(super) example: Option<String>,
}

/// What of two messages is judged otherwise.
type Groups = BTreeMap<(Verdict, Verdict), Group>;

pub(super) fn compare(
    old: &Side<'_>,
    new: &Side<'_>,
    (before, after): (&Method, &Method),
) -> MethodDiff {
    let (old_cases, new_cases) = (old.cases(before), new.cases(after));
    let cases = old_cases.iter().chain(&new_cases);
    let (was, is) = (before.descriptor.input(), after.descriptor.input());
    let groups = judged((old, &was), (new, &is), cases);
    let contracts = (old.contract, new.contract);
    let requests = (was.full_name(), is.full_name());
    MethodDiff {
        changes: changes(groups, contracts, requests),
        appear: missing(&new_cases, &old_cases),
        disappear: missing(&old_cases, &new_cases),
        ..MethodDiff::default()
    }
}

/// The same messages by the rules of both contracts: what is judged otherwise.
pub(super) fn judged<'a>(
    (old, was): (&Side<'_>, &MessageDescriptor),
    (new, is): (&Side<'_>, &MessageDescriptor),
    cases: impl IntoIterator<Item = &'a Case>,
) -> Groups {
    let mut groups = Groups::new();
    let mut seen = BTreeSet::new();
    for case in cases {
        let Some(bodies) = bodies(case) else { continue };
        if !seen.insert(bodies.clone()) {
            continue;
        }
        let old_verdict = verdict(&old.oracle, was, &bodies);
        let new_verdict = verdict(&new.oracle, is, &bodies);
        let (Some(old_verdict), Some(new_verdict)) = (old_verdict, new_verdict) else {
            continue;
        };
        if old_verdict == new_verdict {
            continue;
        }
        let group = groups
            .entry((folded(&old_verdict), folded(&new_verdict)))
            .or_default();
        group.messages += 1;
        let json = json(case);
        if group
            .example
            .as_ref()
            .is_none_or(|known| json.len() < known.len())
        {
            group.example = Some(json);
        }
    }
    groups
}

/// The ids of cases that the others do not have.
fn missing(these: &[Case], others: &[Case]) -> Vec<String> {
    let others: BTreeSet<&str> = others.iter().map(|case| case.id.as_str()).collect();
    let ids = these.iter().map(|case| &case.id);
    ids.filter(|id| !others.contains(id.as_str()))
        .cloned()
        .collect()
}

fn bodies(case: &Case) -> Option<Vec<Vec<u8>>> {
    match &case.send {
        Payload::Messages(messages) => Some(messages.iter().map(Message::encode_to_vec).collect()),
        Payload::Raw(_) => None,
    }
}

fn json(case: &Case) -> String {
    match &case.send {
        Payload::Messages(messages) => {
            let texts = messages
                .iter()
                .filter_map(|it| serde_json::to_string(it).ok());
            texts.collect::<Vec<_>>().join(" ")
        }
        Payload::Raw(_) => String::new(),
    }
}

/// None where the bytes are no such message, which buf sees, or where the rules can't
/// be evaluated.
fn verdict(oracle: &Oracle, kind: &MessageDescriptor, bodies: &[Vec<u8>]) -> Option<Verdict> {
    let mut due = Verdict::new();
    for body in bodies {
        let message = DynamicMessage::decode(kind.clone(), body.as_slice()).ok()?;
        due.extend(oracle.stable_violations(&message).ok()?);
    }
    Some(due)
}

/// Indices and keys say which item it was, and don't matter for what changes.
fn folded(verdict: &Verdict) -> Verdict {
    let fold = |path: &str| {
        let mut folded = String::new();
        let mut within = false;
        for character in path.chars() {
            match character {
                '[' => {
                    within = true;
                    folded.push_str("[]");
                }
                ']' => within = false,
                _ if within => {}
                character => folded.push(character),
            }
        }
        folded
    };
    let folded = verdict.iter().map(|due| Violation {
        path: fold(&due.path),
        rule: due.rule.clone(),
    });
    folded.collect()
}

fn changes(
    groups: Groups,
    (old, new): (&Contract, &Contract),
    (was, is): (&str, &str),
) -> Vec<Change> {
    // A request that breaks two rules of which one is new says nothing that the
    // request that breaks the new one alone does not say.
    let accepted: BTreeSet<Verdict> = groups
        .keys()
        .filter(|(before, _)| before.is_empty())
        .map(|(_, after)| after.clone())
        .collect();
    let loosened: BTreeSet<Verdict> = groups
        .keys()
        .filter(|(_, after)| after.is_empty())
        .map(|(before, _)| before.clone())
        .collect();
    let told = |before: &Verdict, after: &Verdict| {
        let added: Verdict = after.difference(before).cloned().collect();
        let gone: Verdict = before.difference(after).cloned().collect();
        (added.is_empty() || accepted.contains(&added))
            && (gone.is_empty() || loosened.contains(&gone))
    };
    let changes = groups.into_iter().filter_map(|((before, after), group)| {
        let (severity, what, place) = match (before.is_empty(), after.is_empty()) {
            (true, _) => (
                Severity::Break,
                format!("accepted before, refused now: {}", list(&after)),
                after
                    .first()
                    .and_then(|due| source_location::of_violation(new, is, due)),
            ),
            (_, true) => (
                Severity::Loosening,
                format!("refused before, accepted now: {}", list(&before)),
                before
                    .first()
                    .and_then(|due| source_location::of_violation(old, was, due))
                    .map(|place| format!("{place} (old)")),
            ),
            _ if told(&before, &after) => return None,
            _ => (
                Severity::Details,
                format!(
                    "refused by {} before, by {} now",
                    list(&before),
                    list(&after)
                ),
                after
                    .first()
                    .and_then(|due| source_location::of_violation(new, is, due)),
            ),
        };
        Some(Change {
            severity,
            what,
            place,
            example: group.example,
            shown_by: group.messages,
            shows: Shows::Request,
        })
    });
    changes.collect()
}

/// Violations in words.
pub(super) fn list(verdict: &Verdict) -> String {
    let dues = verdict.iter().map(|due| match due.path.as_str() {
        "" => format!("the message ({})", due.rule),
        path => format!("{path} ({})", due.rule),
    });
    dues.collect::<Vec<_>>().join(", ")
}
