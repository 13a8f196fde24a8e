//! Repeats recorded failures: rebuilds their cases, and shows which are fixed.

mod value_replacement;

use std::fmt::Write;

use prost::Message;
use prost_reflect::DynamicMessage;
use serde::Serialize;

use crate::{
    case::{Case, Expect},
    contract::Contract,
    failures::Failure,
    finding::Finding,
    oracle::Oracle,
    report::labels::kind_title,
    style::{DIM, GREEN, RED, YELLOW, count, paint},
};

pub use value_replacement::ValueReplacements;

/// The result of repeating a recorded failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayResult {
    /// The number of the failure in the report.
    pub id: usize,
    /// The method as `package.Service/Method`.
    pub method: String,
    /// The id of the case.
    pub case: String,
    /// What was sent and why.
    pub intent: String,
    /// The result.
    pub verdict: Verdict,
    /// The finding of the repeated call, where it failed again.
    pub failed: Option<Finding>,
}

/// Whether a recorded failure still exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The repeated call is answered as the contract requires.
    Fixed,
    /// The repeated call fails.
    Failed,
    /// The server no longer crashes, but no call was ever proved to crash it, so nothing
    /// shows that the failure is fixed.
    NotReproduced,
}

impl ReplayResult {
    /// Combines a recorded failure with the finding of its repetition.
    pub fn new(failure: &Failure, failed: Option<Finding>) -> Self {
        let finding = &failure.finding;
        let verdict = match &failed {
            Some(_) => Verdict::Failed,
            None if finding.suspects.is_empty() => Verdict::Fixed,
            None => Verdict::NotReproduced,
        };
        Self {
            verdict,
            id: failure.id,
            method: finding.method.trim_start_matches('/').to_owned(),
            case: finding.case.clone(),
            intent: finding.intent.clone(),
            failed,
        }
    }
}

/// Rebuilds the case of a finding with the recorded bytes; `None` for a claim about
/// several calls. If the rules have changed since, the current contract decides what is
/// expected.
pub fn case(contract: &Contract, oracle: &Oracle, finding: &Finding) -> Option<Case> {
    let reproduction = finding.reproduction.as_ref()?;
    let expect = match &reproduction.expect {
        Expect::Accepted | Expect::Refused(_) | Expect::MissingRequired(_) => {
            current_expectation(contract, oracle, finding)
        }
        _ => None,
    };
    Some(Case {
        id: finding.case.clone(),
        method: finding.method.clone(),
        phase: finding.phase,
        intent: finding.intent.clone(),
        exercises: reproduction.exercises.clone(),
        send: reproduction.payload(&finding.method, &finding.sent),
        expect: expect.unwrap_or_else(|| reproduction.expect.clone()),
    })
}

/// The expectation of the current contract for a request of one valid protobuf message;
/// `None` for all other bytes.
fn current_expectation(contract: &Contract, oracle: &Oracle, finding: &Finding) -> Option<Expect> {
    let method = contract.methods().find(|it| it.path == finding.method)?;
    let body = finding.sent.get(5..)?;
    let length = u32::from_be_bytes(finding.sent.get(1..5)?.try_into().ok()?);
    if finding.sent[0] != 0 || usize::try_from(length).ok()? != body.len() {
        return None;
    }
    let message = DynamicMessage::decode(method.descriptor.input(), body).ok()?;
    if message.encode_to_vec() != body {
        // Bytes that no library produces have an expectation of their own.
        return None;
    }
    oracle.expectation([&message]).ok()
}

/// Formats the results as lines of styled text. `left_out` is the number of failures
/// that were not recorded.
pub fn text(results: &[ReplayResult], left_out: u64) -> String {
    let mut text = String::new();
    for result in results {
        let word = match result.verdict {
            Verdict::Failed => paint(RED, "FAILED"),
            Verdict::Fixed => paint(GREEN, "FIXED "),
            Verdict::NotReproduced => paint(YELLOW, "NOT REPRODUCED"),
        };
        let _ = writeln!(
            text,
            "{word} #{} {}  {}  {}",
            result.id,
            result.method,
            result.intent,
            paint(DIM, &result.case)
        );
        if let Some(finding) = &result.failed {
            let _ = writeln!(text, "         {}", kind_title(finding.kind));
            let _ = writeln!(
                text,
                "         {}  {}",
                paint(DIM, "contract"),
                finding.expected
            );
            let _ = writeln!(
                text,
                "         {}  {}",
                paint(DIM, "answer  "),
                finding.observed
            );
        }
    }
    let number = |verdict| results.iter().filter(|it| it.verdict == verdict).count();
    let (failed, fixed) = (number(Verdict::Failed), number(Verdict::Fixed));
    let not_reproduced = number(Verdict::NotReproduced);
    let _ = match failed {
        0 if not_reproduced > 0 => writeln!(
            text,
            "{} {fixed} fixed, {not_reproduced} not reproduced: run check again to see whether the server still goes away",
            paint(YELLOW, "?")
        ),
        0 => writeln!(
            text,
            "{} all of {} fixed",
            paint(GREEN, "✓"),
            count(fixed as u64, "failure")
        ),
        failed => writeln!(
            text,
            "{} {fixed} fixed, {failed} still failed",
            paint(RED, "✗")
        ),
    };
    if left_out > 0 {
        let more = count(left_out, "failure");
        let _ = writeln!(
            text,
            "  {}",
            paint(
                DIM,
                format!("{more} more were found and not recorded: run check again")
            )
        );
    }
    text
}
