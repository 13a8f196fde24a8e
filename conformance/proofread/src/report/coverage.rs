//! How much of the rules was exercised.

use std::collections::BTreeMap;

use super::view::{Coverage, Gap};
use crate::{
    case::{self, RuleTarget},
    cases::CoverageGap,
    contract::{self, Contract},
    coverage,
    engine::Report,
};

/// The coverage of all methods together, and of each by its path.
pub type Covered = (Coverage, BTreeMap<String, Coverage>);

/// How much of the rules was exercised: of all methods that were sent requests, and
/// of each. Those that were not are told as uncovered, not counted rule by rule.
/// `uncovered` says why some sides have no case.
pub fn covered(
    contract: &Contract,
    methods: &[&contract::Method],
    report: &Report,
    uncovered: &[CoverageGap],
) -> Covered {
    let sent = |method: &&contract::Method| {
        let mut counts = report.counts.iter();
        counts.any(|count| {
            let beyond = !matches!(count.phase, case::Phase::Baseline | case::Phase::Behaviour);
            beyond && count.method == method.path && count.sent > 0
        })
    };
    let methods: Vec<&contract::Method> = methods.iter().copied().filter(sent).collect();
    let exercised: Vec<RuleTarget> = report.exercised.iter().cloned().collect();
    let of = |methods: &[&contract::Method]| {
        let mut seen = coverage::Coverage::of(contract, methods.iter().copied());
        seen.record_targets(&exercised);
        seen.record_gaps(uncovered);
        counted(&seen)
    };
    let by_method = methods
        .iter()
        .map(|method| (method.path.clone(), of(&[*method])));
    (of(&methods), by_method.collect())
}

fn counted(seen: &coverage::Coverage) -> Coverage {
    let summary = seen.summary();
    let gaps = seen.report().into_iter().filter_map(|rule| {
        let side = |count: u64, verb: &str, reason: Option<String>| {
            let why = reason
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            (count == 0).then(|| format!("no case {verb} it{why}"))
        };
        let kept = side(rule.kept, "keeps", rule.kept_reason);
        let broken = side(rule.broken, "breaks", rule.broken_reason);
        let missing: Vec<String> = kept.into_iter().chain(broken).collect();
        (!missing.is_empty()).then(|| Gap {
            field: rule.field,
            rule: rule.rule,
            reason: missing.join("; "),
        })
    });
    Coverage {
        both: summary.both as u64,
        one: summary.one as u64,
        none: summary.none as u64,
        gaps: gaps.collect(),
    }
}
