//! Computes which rules were tested from both sides: by requests that keep and by requests
//! that break them.

use std::collections::BTreeMap;

use super::view::{Coverage, Gap};
use crate::{
    case::{self, RuleTarget},
    cases::CoverageGap,
    contract::{self, Contract},
    coverage,
    engine::Report,
};

/// The coverage of all methods together, and of each method by its path.
pub type CoverageByMethod = (Coverage, BTreeMap<String, Coverage>);

/// The rule coverage of the methods that got requests beyond the baseline. Other methods
/// are reported as uncovered as a whole and not counted rule by rule. `uncovered` has the
/// reasons why some sides of rules have no case.
pub fn rule_coverage(
    contract: &Contract,
    methods: &[&contract::Method],
    report: &Report,
    uncovered: &[CoverageGap],
) -> CoverageByMethod {
    let was_tested = |method: &&contract::Method| {
        let mut counts = report.counts.iter();
        counts.any(|count| {
            use case::Phase::{Baseline, Behaviour, Sequences};
            let is_rule_phase = !matches!(count.phase, Baseline | Behaviour | Sequences);
            is_rule_phase && count.method == method.path && count.sent > 0
        })
    };
    let methods: Vec<&contract::Method> = methods.iter().copied().filter(was_tested).collect();
    let exercised: Vec<RuleTarget> = report.exercised.iter().cloned().collect();
    let coverage_of = |methods: &[&contract::Method]| {
        let mut seen = coverage::Coverage::of(contract, methods.iter().copied());
        seen.record_targets(&exercised);
        seen.record_gaps(uncovered);
        summarized(&seen)
    };
    let by_method = methods
        .iter()
        .map(|method| (method.path.clone(), coverage_of(&[*method])));
    (coverage_of(&methods), by_method.collect())
}

fn summarized(seen: &coverage::Coverage) -> Coverage {
    let summary = seen.summary();
    let gaps = seen.report().into_iter().filter_map(|rule| {
        let missing_side = |count: u64, verb: &str, reason: Option<String>| {
            let reason = reason
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            (count == 0).then(|| format!("no case {verb} it{reason}"))
        };
        let kept = missing_side(rule.kept, "keeps", rule.kept_reason);
        let broken = missing_side(rule.broken, "breaks", rule.broken_reason);
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
