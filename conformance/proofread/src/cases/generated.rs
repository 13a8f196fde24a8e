//! The result of deriving cases for a method.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Side};

/// The cases of a method, and the rules that have none.
#[derive(Debug, Clone, Default)]
pub struct GeneratedCases {
    /// The cases, in the order in which they run.
    pub cases: Vec<Case>,
    /// What has no case, with the reasons.
    pub uncovered: Vec<CoverageGap>,
    /// Cases that were dropped because they do not do what they were generated for.
    pub defects: Vec<GeneratorDefect>,
}

/// A rule side, a field or a method that has no case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoverageGap {
    /// The path of the method.
    pub method: String,
    /// The full name of the field, or of the message for a rule of the whole message; for
    /// a method its path.
    pub subject: String,
    /// The id of the rule, with its level within the field in front; empty if the gap is
    /// not about a single rule.
    pub rule: String,
    /// The side of the rule; `None` if the gap is not about a single rule.
    pub side: Option<Side>,
    /// Why there is no case.
    pub reason: String,
}

impl fmt::Display for CoverageGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        if !self.rule.is_empty() {
            write!(f, " {}", self.rule)?;
        }
        match self.side {
            Some(Side::Kept) => f.write_str(" kept")?,
            Some(Side::Broken) => f.write_str(" broken")?,
            None => {}
        }
        write!(f, ": {}", self.reason)
    }
}

/// A defect of proofread: a value keeps or breaks a rule when evaluated alone, and does
/// not within the whole request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GeneratorDefect {
    /// The path of the method.
    pub method: String,
    /// The id of the case that was dropped.
    pub case: String,
    /// What the case was generated for, in words.
    pub intent: String,
    /// The violations that the oracle found.
    pub verdict: String,
}

impl fmt::Display for GeneratorDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            case,
            intent,
            verdict,
        } = self;
        write!(f, "{method} {case}: {intent}; the oracle says: {verdict}")
    }
}
