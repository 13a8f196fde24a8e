//! From what the engine found to what is shown.

use std::collections::BTreeMap;

use super::{
    CommandTemplate, Covered,
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

/// What a report needs besides the findings.
pub struct ReportContext<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The methods that were checked.
    pub methods: &'a [&'a contract::Method],
    /// The server.
    pub url: String,
    /// Where the contract comes from.
    pub source: String,
    /// How to call the server by hand.
    pub reproduce: &'a CommandTemplate,
    /// Where the failures are recorded.
    pub failures: Option<String>,
    /// The coverage of all rules, and by the path of each method.
    pub coverage: Covered,
}

/// Makes the view of a report.
pub fn build_view(report: &Report, context: ReportContext<'_>) -> View {
    let grouped = group_failures(report, &context);
    let (coverage, mut coverages) = context.coverage;
    let mut by_method: BTreeMap<&str, Vec<Group>> = BTreeMap::new();
    let mut shared = Vec::new();
    for (path, group) in grouped {
        match path {
            Some(path) => by_method.entry(path).or_default().push(group),
            None => shared.push(group),
        }
    }
    let methods = context.methods.iter().map(|method| Method {
        name: without_leading_slash(&method.path),
        place: source_location::of_method(method),
        phases: phases(report, Some(&method.path)),
        groups: by_method.remove(method.path.as_str()).unwrap_or_default(),
        coverage: coverages.remove(&method.path).unwrap_or_default(),
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

/// Paths without the slash in front.
pub(super) fn without_leading_slash(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

/// The phases that ran, with the counts of one method or of all.
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

/// `boundary`.
pub fn phase_name(phase: case::Phase) -> String {
    let name = serde_json::to_value(phase).ok();
    let name = name.and_then(|name| name.as_str().map(str::to_owned));
    name.unwrap_or_else(|| format!("{phase:?}").to_lowercase())
}

/// What kind of failure it is, in words.
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
