//! Judges the test cases of both contracts by the rules of both.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::{Change, ContractVersion, ExampleKind, MethodDiff, Severity};
use crate::{
    case::{Case, Payload, Violation},
    contract::{Contract, Method},
    oracle::Oracle,
    source_location,
};

/// The expected violations of a message; for a stream, of all its messages.
pub(super) type Verdict = BTreeSet<Violation>;

/// Test cases whose verdict changes in the same way.
#[derive(Default)]
pub(super) struct Group {
    pub(super) messages: usize,
    /// The shortest message that shows the change, as JSON.
    pub(super) example: Option<String>,
}

/// The groups by their old and new verdict.
type Groups = BTreeMap<(Verdict, Verdict), Group>;

pub(super) fn compare(
    old: &ContractVersion<'_>,
    new: &ContractVersion<'_>,
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
        added_cases: ids_only_in(&new_cases, &old_cases),
        removed_cases: ids_only_in(&old_cases, &new_cases),
        ..MethodDiff::default()
    }
}

/// Judges the same messages by the rules of both contracts and returns those whose
/// verdict differs.
pub(super) fn judged<'a>(
    (old, was): (&ContractVersion<'_>, &MessageDescriptor),
    (new, is): (&ContractVersion<'_>, &MessageDescriptor),
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
            .entry((without_indices(&old_verdict), without_indices(&new_verdict)))
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

/// The ids of the cases in `these` that `others` does not have.
fn ids_only_in(these: &[Case], others: &[Case]) -> Vec<String> {
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

/// `None` if the bytes are not a valid message of this type or lack a required field, which
/// `buf breaking` reports, or if the rules can't be evaluated.
fn verdict(oracle: &Oracle, kind: &MessageDescriptor, bodies: &[Vec<u8>]) -> Option<Verdict> {
    let mut due = Verdict::new();
    for body in bodies {
        let message = DynamicMessage::decode(kind.clone(), body.as_slice()).ok()?;
        if oracle.missing_required_field(&message).is_some() {
            return None;
        }
        due.extend(oracle.stable_violations(&message).ok()?);
    }
    Some(due)
}

/// Removes indices and keys from paths: which item it was does not matter.
fn without_indices(verdict: &Verdict) -> Verdict {
    let without_index = |path: &str| {
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
        path: without_index(&due.path),
        rule: due.rule.clone(),
    });
    folded.collect()
}

fn changes(
    groups: Groups,
    (old, new): (&Contract, &Contract),
    (was, is): (&str, &str),
) -> Vec<Change> {
    // If a request violates two rules of which one is new, it shows nothing that a
    // request violating only the new rule does not show.
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
    let is_shown_by_others = |before: &Verdict, after: &Verdict| {
        let added: Verdict = after.difference(before).cloned().collect();
        let gone: Verdict = before.difference(after).cloned().collect();
        (added.is_empty() || accepted.contains(&added))
            && (gone.is_empty() || loosened.contains(&gone))
    };
    let changes = groups.into_iter().filter_map(|((before, after), group)| {
        let (severity, description, place) = match (before.is_empty(), after.is_empty()) {
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
            _ if is_shown_by_others(&before, &after) => return None,
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
            description,
            location: place,
            example: group.example,
            example_count: group.messages,
            example_kind: ExampleKind::Request,
        })
    });
    changes.collect()
}

/// Lists violations: `title (string.max_len), items[].rating (int32.gte_lte)`.
pub(super) fn list(verdict: &Verdict) -> String {
    let dues = verdict.iter().map(|due| match due.path.as_str() {
        "" => format!("the message ({})", due.rule),
        path => format!("{path} ({})", due.rule),
    });
    dues.collect::<Vec<_>>().join(", ")
}
