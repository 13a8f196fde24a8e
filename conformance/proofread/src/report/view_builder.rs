//! Converts the result of the engine into the [`View`] that reports show.

use std::collections::BTreeMap;

use super::{
    context::ReportContext,
    group::group_failures,
    labels::{phase_name, without_leading_slash},
    view::{Group, Method, Note, Phase, View},
};
use crate::{
    case,
    engine::{self, Report},
    source_location,
};

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
