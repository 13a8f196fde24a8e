//! Groups similar failures, so that reports show each group once.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::ReportContext,
    hexadecimal,
    labels::{kind_title, phase_name, without_leading_slash},
    view::Group,
};
use crate::{
    case::{self, Expect},
    contract::Contract,
    engine::{FindingGroup, Report},
    finding::{Finding, FindingKind},
    source_location,
};

/// A failure that occurs in at least this many methods is reported for the server as a
/// whole.
const SHARED_FROM_METHODS: usize = 3;

/// The greatest number of different answers that a group shows.
const MAX_ANSWERS: usize = 4;

/// The greatest number of source locations that a group shows.
const MAX_LOCATIONS: usize = 4;

/// The greatest number of further case ids that a group lists.
const MAX_NAMED_CASES: usize = 20;

/// Groups the failures of a report. Each group comes with the path of its method, or `None`
/// if it concerns the server as a whole. Failures of one method are similar if the expected
/// and the observed answer are the same.
pub(super) fn group_failures<'r>(
    report: &'r Report,
    context: &ReportContext<'_>,
) -> Vec<(Option<&'r str>, Group)> {
    let mut methods_by_signature: BTreeMap<Signature<'_>, BTreeSet<&str>> = BTreeMap::new();
    for found in &report.findings {
        let finding = &found.finding;
        methods_by_signature
            .entry(signature(finding))
            .or_default()
            .insert(&finding.method);
    }
    let is_shared = |finding: &Finding| {
        finding.method.is_empty()
            || methods_by_signature[&signature(finding)].len() >= SHARED_FROM_METHODS
    };
    let mut groups: Vec<(GroupKey<'_>, Vec<usize>)> = Vec::new();
    for (index, found) in report.findings.iter().enumerate() {
        let finding = &found.finding;
        let key = if is_shared(finding) {
            GroupKey::AcrossMethods(signature(finding))
        } else {
            GroupKey::WithinMethod {
                method: &finding.method,
                kind: finding.kind,
                expected: &finding.expected,
                observed: without_digits(&finding.observed),
            }
        };
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, indices)) => indices.push(index),
            None => groups.push((key, vec![index])),
        }
    }
    let groups = groups.into_iter().map(|(key, indices)| {
        let group = group(&indices, report, context);
        match key {
            GroupKey::AcrossMethods(_) => (None, group),
            GroupKey::WithinMethod { method, .. } => (Some(method), group),
        }
    });
    groups.collect()
}

type Signature<'r> = (case::Phase, &'r str, String);

/// Failures with equal keys form a group.
#[derive(PartialEq)]
enum GroupKey<'r> {
    AcrossMethods(Signature<'r>),
    WithinMethod {
        method: &'r str,
        kind: FindingKind,
        expected: &'r str,
        observed: String,
    },
}

/// Failures of different methods are similar if the same case got the same answer, numbers
/// ignored. In the wire phase only the case counts, since the answers of methods to
/// malformed bytes may differ.
fn signature(finding: &Finding) -> Signature<'_> {
    let observed = match finding.phase {
        case::Phase::Wire => String::new(),
        _ => without_digits(&finding.observed),
    };
    (
        finding.phase,
        &finding.case,
        format!("{:?} {observed}", finding.kind),
    )
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|it| !it.is_ascii_digit()).collect()
}

/// The distinct answers, one per line; answers that differ only in numbers count as one.
fn answers(members: &[&FindingGroup]) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut answers: Vec<&str> = Vec::new();
    for member in members {
        let answer = without_digits(&member.finding.observed);
        if !seen.contains(&answer) {
            seen.push(answer);
            answers.push(&member.finding.observed);
        }
    }
    let more = answers.len().saturating_sub(MAX_ANSWERS);
    answers.truncate(MAX_ANSWERS);
    let text = answers.join("\n");
    match more {
        0 => text,
        more => format!("{text}\nand {more} others"),
    }
}

/// The numbers that these failures have in `failures.json`.
fn recorded_ids(indices: &[usize], report: &Report) -> Vec<usize> {
    let recorded_count = |found: &FindingGroup| 1 + found.alike.len();
    let ids_of = |index: &usize| {
        let before: usize = report.findings[..*index].iter().map(recorded_count).sum();
        (before + 1..=before + recorded_count(&report.findings[*index])).collect::<Vec<_>>()
    };
    indices.iter().flat_map(ids_of).collect()
}

fn group(indices: &[usize], report: &Report, context: &ReportContext<'_>) -> Group {
    let members: Vec<&FindingGroup> = indices
        .iter()
        .map(|index| &report.findings[*index])
        .collect();
    let finding = &members[0].finding;
    let ids = recorded_ids(indices, report);
    let id = ids.first().copied().unwrap_or_default();
    let others = members.iter().skip(1).map(|found| &found.finding);
    let alike = members.iter().flat_map(|found| &found.alike);
    let similar_cases = others
        .chain(alike)
        .map(|it| it.case.clone())
        .take(MAX_NAMED_CASES);
    let mut methods: Vec<String> = members
        .iter()
        .map(|found| without_leading_slash(&found.finding.method))
        .filter(|name| !name.is_empty())
        .collect();
    methods.dedup();
    Group {
        id,
        ids,
        count: members.iter().map(|found| found.count).sum(),
        similar_cases: similar_cases.collect(),
        finding_ids: finding.ids(),
        title: kind_title(finding.kind).to_owned(),
        phase: phase_name(finding.phase),
        case: finding.case.clone(),
        intent: finding.intent.clone(),
        sent: sent_text(finding),
        expected: finding.expected.clone(),
        source_locations: source_locations(finding, context.contract),
        observed: answers(&members),
        reproduce: match &context.failures {
            None if finding.reproduction.is_none() && finding.sequence.is_none() => String::new(),
            _ => context.command_template.command(finding, id),
        },
        methods,
    }
}

/// Where the contract declares what was expected.
fn source_locations(finding: &Finding, contract: &Contract) -> Vec<String> {
    let method = contract
        .methods()
        .find(|method| method.path == finding.method);
    let Some(method) = method else {
        return Vec::new();
    };
    let mut locations: Vec<String> = match &finding.reproduction {
        Some(reproduction) => match &reproduction.expect {
            Expect::Refused(due) => due
                .iter()
                .filter_map(|due| source_location::of_violation(contract, &method.request, due))
                .collect(),
            Expect::Accepted => reproduction
                .exercises
                .iter()
                .filter_map(|exercise| source_location::of_target(contract, exercise))
                .collect(),
            _ => Vec::new(),
        },
        None => source_location::of_method(method).into_iter().collect(),
    };
    locations.sort();
    locations.dedup();
    locations.truncate(MAX_LOCATIONS);
    locations
}

fn sent_text(finding: &Finding) -> String {
    if let Some(sequence) = &finding.sequence {
        let calls = sequence.calls.iter().map(|call| {
            let method = without_leading_slash(&call.method);
            let caller = call.credential.as_ref();
            let caller = caller.map(|name| format!(" by {name}")).unwrap_or_default();
            format!("{method}{caller} {}  {}", call.request, call.observed)
        });
        return calls.collect::<Vec<_>>().join("\n");
    }
    if let Some(json) = &finding.json {
        return json.clone();
    }
    let mut lines = Vec::new();
    if let Some(reproduction) = &finding.reproduction {
        if reproduction.path != finding.method {
            lines.push(reproduction.path.clone());
        }
        let headers = reproduction.headers.iter();
        lines.extend(headers.map(|(name, value)| {
            if value.is_empty() {
                format!("without the header {name}")
            } else {
                format!("{name}: {}", value.escape_ascii())
            }
        }));
    }
    if !finding.sent.is_empty() {
        lines.push(hexadecimal(&finding.sent));
    }
    // Findings of the behaviour phase are about several calls and show no request.
    if lines.is_empty() && finding.reproduction.is_some() {
        "no bytes".to_owned()
    } else {
        lines.join("\n")
    }
}
