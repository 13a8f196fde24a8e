//! The result of a run, which the report formats show and store.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    case::{Phase, RuleTarget},
    finding::Finding,
};

/// The result of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// The name of the profile.
    pub profile: String,
    /// The seed of the random cases.
    pub seed: u64,
    /// The duration of the run in seconds.
    pub seconds: f64,
    /// The number of cases that were sent, including the claims of behaviour scenarios.
    pub cases: u64,
    /// The counts of each method and phase, in the order of the plan.
    pub counts: Vec<Count>,
    /// The findings in groups, ordered by method and phase.
    pub findings: Vec<FindingGroup>,
    /// What could not be tested, with the reason.
    pub uncovered: Vec<Note>,
    /// Contradictions within proofread: cases whose intent the oracle denies.
    pub defects: Vec<Note>,
    /// Incidents that are no findings, for example a connection that broke once.
    pub remarks: Vec<String>,
    /// The ids of all findings, those that the baseline accepts included.
    #[serde(default)]
    pub ids: BTreeSet<String>,
    /// The rule sides that answered cases exercised.
    pub exercised: BTreeSet<RuleTarget>,
    /// Why the run ended early, if it did.
    pub stopped: Option<String>,
}

/// The counts of one method in one phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The path of the method; empty for claims about the server as a whole.
    pub method: String,
    /// The phase.
    pub phase: Phase,
    /// The number of cases that were sent.
    pub sent: u64,
    /// The number of those with findings.
    pub failed: u64,
    /// The number of those whose findings are all accepted by the baseline; they are not
    /// among the failed ones.
    #[serde(default)]
    pub accepted: u64,
    /// The number of those that could not be judged: each attempt was answered by
    /// RESOURCE_EXHAUSTED or UNAVAILABLE.
    pub inconclusive: u64,
}

/// Findings of the same method, phase, kind and family of cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingGroup {
    /// The first finding in the order of sending.
    pub finding: Finding,
    /// The other findings in the order of sending. Not all of them are kept when a run has
    /// more than [`Report::MAX_KEPT`] findings.
    pub alike: Vec<Finding>,
    /// The number of findings, including the first and those that were not kept.
    pub count: u64,
}

impl Report {
    /// The greatest number of findings that are kept in full. The first one of each
    /// group is always kept.
    pub const MAX_KEPT: usize = 1_000;

    /// The kept findings in the order of their numbers: group by group, the first
    /// finding of a group before the others.
    pub fn kept_findings(&self) -> impl Iterator<Item = &Finding> {
        let found = self.findings.iter();
        found.flat_map(|found| std::iter::once(&found.finding).chain(&found.alike))
    }

    /// The number of findings that were not kept.
    pub fn left_out(&self) -> u64 {
        let found: u64 = self.findings.iter().map(|found| found.count).sum();
        found - self.kept_findings().count() as u64
    }
}

/// A remark about a method, a field or a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// The path of the method, or the name of the field or case.
    pub about: String,
    /// The remark.
    pub text: String,
}

/// Something that happened during a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// All cases are derived, and the phases begin.
    Started {
        /// The number of methods under test.
        methods: usize,
    },
    /// A phase begins.
    Phase {
        /// The phase.
        phase: Phase,
        /// The number of its cases, where that is known beforehand.
        cases: Option<u64>,
    },
    /// A case was answered and judged.
    Case {
        /// The number of cases so far.
        cases: u64,
        /// The number of failed cases so far.
        failed: u64,
    },
    /// A finding that begins a new group.
    Found {
        /// The finding.
        finding: Box<Finding>,
        /// Its [ids](Finding::ids).
        ids: Vec<String>,
    },
    /// The server can't be reached, and the run waits for it.
    Waiting {
        /// The error of the last attempt to connect.
        cause: String,
    },
}
