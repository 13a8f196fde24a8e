//! Failures that are alike, shown as one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    hexadecimal,
    view::Group,
    view_builder::{ReportContext, kind_title, phase_name, without_leading_slash},
};
use crate::{
    case::{self, Expect},
    contract::Contract,
    engine::{Found, Report},
    finding::{Finding, FindingKind},
    source_location,
};

/// In how many methods the same failure is one of the server as a whole.
const SHARED_FROM_METHODS: usize = 3;

/// How many different answers are shown for one failure.
const MAX_ANSWERS: usize = 4;

/// How many places are shown for one failure.
const MAX_LOCATIONS: usize = 4;

/// How many cases that are alike are named.
const MAX_NAMED_CASES: usize = 20;

/// The groups with the method to which they belong; none for the server. Within a
/// method failures are alike when the same was expected and the same came back.
pub(super) fn group_failures<'r>(
    report: &'r Report,
    context: &ReportContext<'_>,
) -> Vec<(Option<&'r str>, Group)> {
    let mut methods: BTreeMap<Signature<'_>, BTreeSet<&str>> = BTreeMap::new();
    for found in &report.findings {
        let finding = &found.finding;
        methods
            .entry(signature(finding))
            .or_default()
            .insert(&finding.method);
    }
    let is_shared = |finding: &Finding| {
        finding.method.is_empty() || methods[&signature(finding)].len() >= SHARED_FROM_METHODS
    };
    let mut groups: Vec<(GroupKey<'_>, Vec<usize>)> = Vec::new();
    for (index, found) in report.findings.iter().enumerate() {
        let finding = &found.finding;
        let alike = match is_shared(finding) {
            true => GroupKey::AcrossMethods(signature(finding)),
            false => GroupKey::WithinMethod {
                method: &finding.method,
                kind: finding.kind,
                expected: &finding.expected,
                observed: without_digits(&finding.observed),
            },
        };
        match groups.iter_mut().find(|(known, _)| *known == alike) {
            Some((_, indices)) => indices.push(index),
            None => groups.push((alike, vec![index])),
        }
    }
    let made = groups.into_iter().map(|(alike, indices)| {
        let group = group(&indices, report, context);
        match alike {
            GroupKey::AcrossMethods(_) => (None, group),
            GroupKey::WithinMethod { method, .. } => (Some(method), group),
        }
    });
    made.collect()
}

type Signature<'r> = (case::Phase, &'r str, String);

/// Why failures are shown as one.
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

/// Failures of different methods are alike when the same case got the same answer,
/// whatever the numbers in it. On the wire the case alone matters: what is answered
/// to it is up to the method.
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

/// The answers that differ in more than numbers, one a line.
fn answers(members: &[&Found]) -> String {
    let mut known: Vec<String> = Vec::new();
    let mut answers: Vec<&str> = Vec::new();
    for found in members {
        let shape = without_digits(&found.finding.observed);
        if !known.contains(&shape) {
            known.push(shape);
            answers.push(&found.finding.observed);
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

/// The numbers of all that is kept of these, as the recorded failures have them.
fn recorded_ids(indices: &[usize], report: &Report) -> Vec<usize> {
    let kept = |found: &Found| 1 + found.alike.len();
    let of = |index: &usize| {
        let before: usize = report.findings[..*index].iter().map(kept).sum();
        (before + 1..=before + kept(&report.findings[*index])).collect::<Vec<_>>()
    };
    indices.iter().flat_map(of).collect()
}

fn group(indices: &[usize], report: &Report, context: &ReportContext<'_>) -> Group {
    let members: Vec<&Found> = indices
        .iter()
        .map(|index| &report.findings[*index])
        .collect();
    let finding = &members[0].finding;
    let ids = recorded_ids(indices, report);
    let id = ids.first().copied().unwrap_or_default();
    let others = members.iter().skip(1).map(|found| &found.finding);
    let alike = members.iter().flat_map(|found| &found.alike);
    let named = others
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
        alike: named.collect(),
        title: kind_title(finding.kind).to_owned(),
        phase: phase_name(finding.phase),
        case: finding.case.clone(),
        intent: finding.intent.clone(),
        sent: sent_text(finding),
        expected: finding.expected.clone(),
        places: source_locations(finding, context.contract),
        observed: answers(&members),
        reproduce: match &context.failures {
            None if finding.again.is_none() => String::new(),
            _ => context.reproduce.line(finding, id),
        },
        methods,
    }
}

/// Where the contract says what was expected.
fn source_locations(finding: &Finding, contract: &Contract) -> Vec<String> {
    let method = contract
        .methods()
        .find(|method| method.path == finding.method);
    let Some(method) = method else {
        return Vec::new();
    };
    let mut places: Vec<String> = match &finding.again {
        Some(again) => match &again.expect {
            Expect::Refused(due) => due
                .iter()
                .filter_map(|due| source_location::of_violation(contract, &method.request, due))
                .collect(),
            Expect::Accepted => again
                .exercises
                .iter()
                .filter_map(|exercise| source_location::of_target(contract, exercise))
                .collect(),
            _ => Vec::new(),
        },
        None => source_location::of_method(method).into_iter().collect(),
    };
    places.sort();
    places.dedup();
    places.truncate(MAX_LOCATIONS);
    places
}

fn sent_text(finding: &Finding) -> String {
    if let Some(json) = &finding.json {
        return json.clone();
    }
    let mut lines = Vec::new();
    if let Some(again) = &finding.again {
        if again.path != finding.method {
            lines.push(again.path.clone());
        }
        let headers = again.headers.iter();
        lines.extend(headers.map(|(name, value)| match value.is_empty() {
            true => format!("without the header {name}"),
            false => format!("{name}: {}", value.escape_ascii()),
        }));
    }
    if !finding.sent.is_empty() {
        lines.push(hexadecimal(&finding.sent));
    }
    // A claim about the server is about nothing that was sent.
    match lines.is_empty() && finding.again.is_some() {
        true => "no bytes".to_owned(),
        false => lines.join("\n"),
    }
}
