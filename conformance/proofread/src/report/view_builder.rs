//! Converts the result of the engine into the [`View`] that reports show.

use std::collections::BTreeMap;

use super::{
    CommandTemplate, CoverageByMethod,
    group::group_failures,
    view::{Group, Method, Note, Phase, View},
};
use crate::{
    case,
    contract::{self, Contract},
    engine::{self, Report},
    finding::FindingKind,
    source_location,
};

/// What a report needs in addition to the findings.
pub struct ReportContext<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The methods that were checked.
    pub methods: &'a [&'a contract::Method],
    /// The URL of the server.
    pub url: String,
    /// The path of the contract, or that it came from reflection.
    pub source: String,
    /// The template of the commands that reproduce failures.
    pub command_template: &'a CommandTemplate,
    /// The file in which the failures are recorded, if there are any.
    pub failures: Option<String>,
    /// What to do about entries of the baseline: their ids, each with a text.
    pub baseline: Vec<(String, String)>,
    /// The rule coverage of all methods together and of each method.
    pub coverage: CoverageByMethod,
}

/// Builds the view of a report.
pub fn build_view(report: &Report, context: ReportContext<'_>) -> View {
    let groups = group_failures(report, &context);
    let (coverage, mut coverage_by_method) = context.coverage;
    let mut groups_by_method: BTreeMap<&str, Vec<Group>> = BTreeMap::new();
    let mut shared = Vec::new();
    for (path, group) in groups {
        match path {
            Some(path) => groups_by_method.entry(path).or_default().push(group),
            None => shared.push(group),
        }
    }
    let methods = context.methods.iter().map(|method| Method {
        name: without_leading_slash(&method.path),
        source_location: source_location::of_method(method),
        phases: phases(report, Some(&method.path)),
        groups: groups_by_method
            .remove(method.path.as_str())
            .unwrap_or_default(),
        coverage: coverage_by_method.remove(&method.path).unwrap_or_default(),
    });
    View {
        url: context.url,
        contract: context.source,
        profile: report.profile.clone(),
        seed: report.seed,
        seconds: report.seconds,
        cases: report.cases,
        phases: phases(report, None),
        methods: methods.collect(),
        shared,
        coverage,
        uncovered: report.uncovered.iter().map(note).collect(),
        accepted: report.counts.iter().map(|count| count.accepted).sum(),
        baseline: context
            .baseline
            .into_iter()
            .map(|(about, text)| Note { about, text })
            .collect(),
        defects: report.defects.iter().map(note).collect(),
        remarks: report.remarks.clone(),
        failures: context.failures,
        left_out: report.left_out(),
        aborted: report.stopped.clone(),
    }
}

fn note(note: &engine::Note) -> Note {
    Note {
        about: without_leading_slash(&note.about),
        text: note.text.clone(),
    }
}

/// `/shop.v1.Shop/Get` becomes `shop.v1.Shop/Get`.
pub(super) fn without_leading_slash(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

/// The phases that ran, with the counts of one method or of all methods.
fn phases(report: &Report, method: Option<&str>) -> Vec<Phase> {
    let mut phases: BTreeMap<case::Phase, Phase> = BTreeMap::new();
    for count in &report.counts {
        let phase = phases.entry(count.phase).or_insert_with(|| Phase {
            name: phase_name(count.phase),
            ..Phase::default()
        });
        if method.is_none_or(|method| method == count.method) {
            phase.cases += count.sent;
            phase.failed += count.failed;
        }
    }
    phases.into_values().collect()
}

/// The name of a phase as in flags and reports: `boundary`.
pub fn phase_name(phase: case::Phase) -> String {
    let name = serde_json::to_value(phase).ok();
    let name = name.and_then(|name| name.as_str().map(str::to_owned));
    name.unwrap_or_else(|| format!("{phase:?}").to_lowercase())
}

/// The title of a kind of failure, for reports.
pub fn kind_title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::RuleNotChecked => "rule not checked",
        FindingKind::ValidRefused => "valid request refused",
        FindingKind::WrongCode => "wrong code",
        FindingKind::WrongViolations => "wrong violations",
        FindingKind::WrongDetails => "wrong details",
        FindingKind::UndeclaredError => "undeclared error",
        FindingKind::BadResponse => "bad response",
        FindingKind::TrailerTooBig => "trailer too big",
        FindingKind::Protocol => "protocol",
        FindingKind::Behaviour => "behaviour",
        FindingKind::Crash => "crash or hang",
    }
}
