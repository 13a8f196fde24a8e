//! The deviations from the contract that a server makes on request.

use std::{fmt, str::FromStr};

use crate::{
    contract::Contract,
    coverage::Coverage,
    finding::{FindingKind, kind_name},
    oracle::without_level,
    suggest::did_you_mean,
};

/// A deviation from the contract: `wrong-code`, `string.min_len` or `title string.min_len`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// The one that leads to findings of this kind.
    Kind(FindingKind),
    /// A rule that is not checked.
    Rule {
        /// The path of the field without indices, `books[].title`; `None`: all fields.
        field: Option<String>,
        /// The id of the rule: `string.min_len`.
        rule: String,
    },
}

/// The error for a text that names neither a kind nor a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither a kind of failure nor a rule of the contract{suggestion}")]
pub struct UnknownBreak {
    text: String,
    suggestion: String,
}

impl FromStr for Break {
    type Err = UnknownBreak;

    /// Accepts any rule; [`Break::check`] tells whether the contract has it.
    fn from_str(text: &str) -> Result<Self, UnknownBreak> {
        let unknown = |suggestion: String| UnknownBreak {
            text: text.to_owned(),
            suggestion,
        };
        let mut kinds = FindingKind::ALL.into_iter();
        if let Some(kind) = kinds.find(|kind| kind_name(*kind) == text) {
            return Ok(Self::Kind(kind));
        }
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [rule] => Ok(Self::Rule {
                field: None,
                rule: (*rule).to_owned(),
            }),
            [field, rule] => Ok(Self::Rule {
                field: Some((*field).to_owned()),
                rule: (*rule).to_owned(),
            }),
            _ => Err(unknown(String::new())),
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => f.write_str(&kind_name(*kind)),
            Self::Rule { field: None, rule } => f.write_str(rule),
            Self::Rule {
                field: Some(field),
                rule,
            } => write!(f, "{field} {rule}"),
        }
    }
}

impl Break {
    /// Checks that the requests of the contract have the rule.
    ///
    /// # Errors
    /// If they do not, with the most similar name.
    pub fn check(&self, contract: &Contract) -> Result<(), UnknownBreak> {
        let Self::Rule { rule, .. } = self else {
            return Ok(());
        };
        let coverage = Coverage::of(contract, contract.methods());
        let rules = coverage.report().into_iter();
        let mut known: Vec<String> = rules
            .map(|covered| without_level(&covered.rule).to_owned())
            .collect();
        if known.contains(rule) {
            return Ok(());
        }
        known.extend(FindingKind::ALL.map(kind_name));
        Err(UnknownBreak {
            text: self.to_string(),
            suggestion: did_you_mean(rule, &known),
        })
    }
}
