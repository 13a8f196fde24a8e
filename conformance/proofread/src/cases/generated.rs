//! What came of deriving.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Side};

/// The cases of a method, and what there are none for.
#[derive(Debug, Clone, Default)]
pub struct Generated {
    /// The cases, in the order in which they run.
    pub cases: Vec<Case>,
    /// What no case was found for.
    pub uncovered: Vec<Uncovered>,
    /// Cases that were dropped because the oracle does not see in them what they
    /// were made for.
    pub defects: Vec<Defect>,
}

/// Something that no case was found for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uncovered {
    /// The path of the method.
    pub method: String,
    /// The full name of the field, of the message where it is about a rule of the
    /// whole, or the path of the method.
    pub subject: String,
    /// The id of the rule, with its level within the field in front; empty where it
    /// is not about a single rule.
    pub rule: String,
    /// The side of the rule.
    pub side: Option<Side>,
    /// Why there is none.
    pub reason: String,
}

impl fmt::Display for Uncovered {
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

/// A defect of proofread: a value that was seen to break a rule, or to keep it, and
/// does not within the whole request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Defect {
    /// The path of the method.
    pub method: String,
    /// The id of the case that was dropped.
    pub case: String,
    /// What it was made for, in words.
    pub intent: String,
    /// What the oracle says of it.
    pub verdict: String,
}

impl fmt::Display for Defect {
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
