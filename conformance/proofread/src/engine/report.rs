//! What a run found, ready to be shown or stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    case::{Phase, RuleTarget},
    finding::Finding,
};

/// What a run found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// The profile that the server was held to.
    pub profile: String,
    /// The seed of the random cases.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// How many cases were sent, claims of behaviour among them.
    pub cases: u64,
    /// How each method fared in each phase, in the order of the plan.
    pub counts: Vec<Count>,
    /// What is wrong, by method and phase.
    pub findings: Vec<Found>,
    /// What has no case, or could not be tried.
    pub uncovered: Vec<Note>,
    /// Where proofread contradicts itself.
    pub defects: Vec<Note>,
    /// What happened that is no finding: a connection that broke once.
    pub remarks: Vec<String>,
    /// The rules that were exercised, from each side, by cases that were answered.
    pub exercised: BTreeSet<RuleTarget>,
    /// Why the run ended before its time, if it did.
    pub stopped: Option<String>,
}

/// How a method fared in a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The path of the method; empty for claims about the server.
    pub method: String,
    /// The phase.
    pub phase: Phase,
    /// How many cases were sent.
    pub sent: u64,
    /// How many of them have findings.
    pub failed: u64,
    /// How many could not be judged: the server was too busy each time.
    pub inconclusive: u64,
}

/// A finding, and those that are alike: of the same method, kind and family of
/// cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The first one.
    pub finding: Finding,
    /// The others, in the order in which they were sent; not all of them where there
    /// are more than [`Report::KEPT`] findings.
    pub alike: Vec<Finding>,
    /// How many there are, the first one among them.
    pub count: u64,
}

impl Report {
    /// How many findings are kept. The first one of each kind always is; beyond that
    /// a server that is wrong each time says nothing new.
    pub const KEPT: usize = 1_000;

    /// The findings that are kept, in the order of their numbers: the first of a kind,
    /// then those that are like it, then the next kind.
    pub fn kept(&self) -> impl Iterator<Item = &Finding> {
        let found = self.findings.iter();
        found.flat_map(|found| std::iter::once(&found.finding).chain(&found.alike))
    }

    /// How many findings there were and are not kept.
    pub fn left_out(&self) -> u64 {
        let found: u64 = self.findings.iter().map(|found| found.count).sum();
        found - self.kept().count() as u64
    }
}

/// Something about something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// A method, a field, a case.
    pub about: String,
    /// What there is to say.
    pub text: String,
}

/// What happens during a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// The cases are derived.
    Started {
        /// How many methods are tested.
        methods: usize,
    },
    /// A phase begins.
    Phase {
        /// Which.
        phase: Phase,
        /// How many cases it sends, where that is known beforehand.
        cases: Option<u64>,
    },
    /// A case was answered and judged.
    Case {
        /// How many there were so far.
        cases: u64,
        /// How many of them failed.
        failed: u64,
    },
    /// A finding of a new kind.
    Found {
        /// The finding.
        finding: Box<Finding>,
    },
    /// The server is not there; the run waits for it.
    Waiting {
        /// Why it is thought so.
        cause: String,
    },
}
