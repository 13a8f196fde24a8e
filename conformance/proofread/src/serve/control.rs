//! What the metadata of a call asks the server for.

use std::time::Duration;

use http::HeaderMap;

use super::{
    Break, Settings,
    status::{INVALID_ARGUMENT, Status},
};
use crate::{
    case::Violation,
    config::HumanDuration,
    contract::Code,
    finding::{FindingKind, without_indices},
    judge::MethodContract,
};

const ERROR: &str = "proofread-error";
const DELAY: &str = "proofread-delay";
const BREAK: &str = "proofread-break";

/// What a call asks for, in addition to the settings of the server:
///
/// - `proofread-error: NOT_FOUND` or `NOT_FOUND BOOK_NOT_FOUND`: an error that the method
///   declares, and its reason;
/// - `proofread-delay: 200ms`: a delay before the answer;
/// - `proofread-break: wrong-code`: a deviation from the contract, see [`Break`].
#[derive(Debug, Clone, Default)]
pub struct Control {
    error: Option<String>,
    pub(super) delay: Duration,
    breaks: Vec<Break>,
}

impl Control {
    /// Reads the metadata of a call.
    pub(super) fn of(headers: &HeaderMap, settings: &Settings) -> Result<Self, Status> {
        let mut control = Self {
            error: None,
            delay: settings.delay,
            breaks: settings.breaks.clone(),
        };
        let invalid = |message: String| Status::new(INVALID_ARGUMENT, message);
        let values = |name: &'static str| {
            let values = headers.get_all(name).iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        control.error = values(ERROR).next();
        for text in values(DELAY) {
            control.delay = text.parse::<HumanDuration>().map_err(invalid)?.0;
        }
        for text in values(BREAK) {
            let parsed = text.parse::<Break>();
            control
                .breaks
                .push(parsed.map_err(|error| invalid(error.to_string()))?);
        }
        Ok(control)
    }

    /// Whether this deviation is asked for.
    pub(super) fn has(&self, kind: FindingKind) -> bool {
        self.breaks.contains(&Break::Kind(kind))
    }

    /// Whether a violation is not checked.
    pub(super) fn ignores(&self, violation: &Violation) -> bool {
        self.breaks.iter().any(|it| match it {
            Break::Kind(kind) => *kind == FindingKind::RuleNotChecked,
            Break::Rule { field, rule } => {
                let path = without_indices(&violation.path);
                *rule == violation.rule && field.as_ref().is_none_or(|field| *field == path)
            }
        })
    }

    /// The declared error that the call asks for.
    pub(super) fn requested_error(&self, method: &MethodContract<'_>) -> Result<(), Status> {
        let Some(text) = &self.error else {
            return Ok(());
        };
        let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
        let fits = |declared: &Code, declared_reason: &str| {
            declared.to_string() == code && (reason.is_empty() || declared_reason == reason)
        };
        let error = method.errors().find(|it| fits(&it.code, &it.reason));
        Err(match error {
            Some(error) => Status::declared(error),
            None => Status::new(
                INVALID_ARGUMENT,
                format!("the method declares no error {text:?}"),
            ),
        })
    }
}
