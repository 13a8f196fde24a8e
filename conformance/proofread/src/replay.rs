//! A recorded failure, once more.

mod renew;

use std::fmt::Write;

use prost::Message;
use prost_reflect::DynamicMessage;
use serde::Serialize;

use crate::{
    case::{Case, Expect, RawCall, Send},
    contract::Contract,
    failures::Failure,
    finding::Finding,
    oracle::Oracle,
    report::view_builder::kind_title,
    style::{DIM, GREEN, RED, count, paint},
};

pub use renew::Renewal;

/// What became of a recorded failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Result {
    /// Its number.
    pub id: usize,
    /// The method.
    pub method: String,
    /// The case.
    pub case: String,
    /// Why it was sent.
    pub intent: String,
    /// What is wrong now; nothing where it is fixed.
    pub failed: Option<Finding>,
}

impl Result {
    /// Puts together what was recorded and what is found now.
    pub fn new(failure: &Failure, failed: Option<Finding>) -> Self {
        let finding = &failure.finding;
        Self {
            id: failure.id,
            method: finding.method.trim_start_matches('/').to_owned(),
            case: finding.case.clone(),
            intent: finding.intent.clone(),
            failed,
        }
    }
}

/// The case of a failure, with the bytes as they were; none for a claim about
/// several calls. Where the contract says something else by now, it is what the
/// answer is held against.
pub fn case(contract: &Contract, oracle: &Oracle, finding: &Finding) -> Option<Case> {
    let again = finding.again.as_ref()?;
    let expect = match &again.expect {
        Expect::Accepted | Expect::Refused(_) => due(contract, oracle, finding),
        _ => None,
    };
    Some(Case {
        id: finding.case.clone(),
        method: finding.method.clone(),
        phase: finding.phase,
        intent: finding.intent.clone(),
        exercises: again.exercises.clone(),
        send: Send::Raw(RawCall {
            path: (again.path != finding.method).then(|| again.path.clone()),
            headers: again.headers.clone(),
            body: finding.sent.clone(),
            reset: again.reset,
        }),
        expect: expect.unwrap_or_else(|| again.expect.clone()),
    })
}

/// What the contract says of a request of one message, as long as it is one.
fn due(contract: &Contract, oracle: &Oracle, finding: &Finding) -> Option<Expect> {
    let method = contract.methods().find(|it| it.path == finding.method)?;
    let body = finding.sent.get(5..)?;
    let length = u32::from_be_bytes(finding.sent.get(1..5)?.try_into().ok()?);
    if finding.sent[0] != 0 || usize::try_from(length).ok()? != body.len() {
        return None;
    }
    let message = DynamicMessage::decode(method.descriptor.input(), body).ok()?;
    if message.encode_to_vec() != body {
        // Bytes that no library makes may be expected to fare otherwise.
        return None;
    }
    let due = oracle.stable_violations(&message).ok()?;
    Some(match due.is_empty() {
        true => Expect::Accepted,
        false => Expect::Refused(due.into_iter().collect()),
    })
}

/// The results as lines of styled text. So many failures were not recorded.
pub fn text(results: &[Result], left_out: u64) -> String {
    let mut text = String::new();
    for result in results {
        let word = match result.failed {
            Some(_) => paint(RED, "FAILED"),
            None => paint(GREEN, "FIXED "),
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
    let failed = results
        .iter()
        .filter(|result| result.failed.is_some())
        .count();
    let fixed = results.len() - failed;
    let _ = match failed {
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
                format!("{more} were found beside these and not recorded: check again")
            )
        );
    }
    text
}
