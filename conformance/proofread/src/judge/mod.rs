//! Verdicts: what was sent, what came back, what the contract says of it.
//!
//! A verdict is never a guess. Where the contract and the specification leave
//! something open there is no finding; each expectation names where it comes from.
//!
//! - [`details`] reads what a status carries.
//! - `wellformed` holds for every answer, `refused` and `accepted` for requests that
//!   break or keep the rules.

mod accepted;
mod codes;
pub mod details;
mod known;
mod refused;
#[cfg(test)]
mod tests;
mod wellformed;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    case::{Case, Expect, Phase, Send},
    contract::{Code, Contract},
    finding::{Again, Finding, FindingKind},
    oracle::Oracle,
    outcome::{Answer, Outcome},
    probe,
    profile::Profile,
};
use known::GoodResponses;

pub use codes::code_of;
pub use known::Known;

/// What is wrong, what was expected, what came.
pub(crate) type Wrong = (FindingKind, String, String);

/// Judges the answers of one server.
pub struct Judge<'c> {
    oracle: &'c Oracle,
    profile: &'c Profile,
    methods: HashMap<&'c str, Known<'c>>,
    good: Mutex<GoodResponses>,
}

impl<'c> Judge<'c> {
    /// Reads what the contract says of each method.
    pub fn new(contract: &'c Contract, oracle: &'c Oracle, profile: &'c Profile) -> Self {
        Self {
            oracle,
            profile,
            methods: Known::all(contract),
            good: Mutex::default(),
        }
    }

    /// What the contract says of a method, by its path.
    pub fn known(&self, path: &str) -> Option<&Known<'c>> {
        self.methods.get(path)
    }

    /// Everything that is wrong with an outcome, in a fixed order.
    pub fn judge(&self, case: &Case, outcome: &Outcome) -> Vec<Finding> {
        let wrong = self.wrong(case, outcome);
        wrong.into_iter().map(|it| finding(case, it)).collect()
    }

    pub(crate) fn wrong(&self, case: &Case, outcome: &Outcome) -> Vec<Wrong> {
        let answer = match outcome {
            Outcome::Answered(answer) => answer,
            Outcome::Reset { .. } => return self.reset(case, outcome),
            Outcome::TimedOut { .. } | Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                let expected = format!("{}; in any case an answer", expectation(&case.expect));
                return vec![(FindingKind::Crash, expected, describe(outcome))];
            }
        };
        let code = code_of(outcome).unwrap_or(Code(2));
        let foreign = answer.http_status != 200 && answer.http_status != 0;
        match &case.expect {
            Expect::Http(statuses) => {
                let told = statuses.contains(&answer.http_status);
                return match told {
                    true => Vec::new(),
                    false => vec![unexpected(case, outcome)],
                };
            }
            // A status of HTTP counts as the code to which gRPC maps it.
            Expect::OneOf(codes) if foreign => {
                return match codes.contains(&code) {
                    true => Vec::new(),
                    false => vec![unexpected(case, outcome)],
                };
            }
            Expect::Survives if foreign => return Vec::new(),
            _ => {}
        }
        let (mut wrong, read) = wellformed::check(answer, self.profile);
        if answer.grpc_code().is_none() && !answer.stopped {
            // There is no status to judge.
            return wrong;
        }
        let Some(known) = self.methods.get(case.method.as_str()) else {
            return wrong;
        };
        match &case.expect {
            Expect::Accepted => wrong.extend(self.accepted(known, code, answer, read.as_ref())),
            // What precedes the message that is refused may fail first, as declared.
            Expect::Refused(_) if may_fail_before(case, known, code, read.as_ref()) => {}
            Expect::Refused(due) => wrong.extend(refused::check(
                due,
                code,
                answer,
                read.as_ref(),
                self.profile,
            )),
            Expect::OneOf(codes) => wrong.extend(self.one_of(case, known, codes, outcome, &read)),
            Expect::Http(_) | Expect::Survives => {}
        }
        wrong
    }

    /// OK among the codes means that the call may run: then the method may also
    /// fail as it declares.
    fn one_of(
        &self,
        case: &Case,
        known: &Known<'_>,
        codes: &[Code],
        outcome: &Outcome,
        read: &Option<details::Read>,
    ) -> Vec<Wrong> {
        let code = code_of(outcome).unwrap_or(Code(2));
        let Outcome::Answered(answer) = outcome else {
            return Vec::new();
        };
        let runs = codes.contains(&Code(0));
        if codes.contains(&code) {
            return match code {
                Code(0) => self.accepted(known, code, answer, read.as_ref()),
                _ => Vec::new(),
            };
        }
        if runs && self.accepted(known, code, answer, read.as_ref()).is_empty() {
            return Vec::new();
        }
        vec![unexpected(case, outcome)]
    }

    fn reset(&self, case: &Case, outcome: &Outcome) -> Vec<Wrong> {
        let own = matches!(&case.send, Send::Raw(call) if call.reset);
        let fine = match &case.expect {
            _ if own => true,
            Expect::Survives => true,
            Expect::OneOf(codes) => code_of(outcome).is_some_and(|code| codes.contains(&code)),
            Expect::Accepted | Expect::Refused(_) | Expect::Http(_) => false,
        };
        match fine {
            true => Vec::new(),
            false => vec![unexpected(case, outcome)],
        }
    }

    /// Many answers are the same, byte for byte: their rules are checked once.
    fn is_known_good(&self, known: &Known<'_>, bytes: &[u8]) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.contains(known, bytes)
    }

    fn remember_good(&self, known: &Known<'_>, bytes: &[u8]) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.insert(known, bytes);
    }
}

/// Judges one outcome. Who judges many makes a [`Judge`] once.
pub fn judge(
    contract: &Contract,
    oracle: &Oracle,
    profile: &Profile,
    case: &Case,
    outcome: &Outcome,
) -> Vec<Finding> {
    Judge::new(contract, oracle, profile).judge(case, outcome)
}

/// A finding about a case.
pub(crate) fn finding(case: &Case, (kind, expected, observed): Wrong) -> Finding {
    let json = match &case.send {
        Send::Messages(messages) => {
            let texts: Result<Vec<String>, _> =
                messages.iter().map(serde_json::to_string).collect();
            texts.ok().map(|texts| texts.join("\n"))
        }
        Send::Raw(_) => None,
    };
    Finding {
        method: case.method.clone(),
        phase: case.phase,
        case: case.id.clone(),
        kind,
        intent: case.intent.clone(),
        expected,
        observed,
        sent: probe::body_of(&case.send).bytes.to_vec(),
        json,
        again: Some(Again::of(case)),
    }
}

/// Whether an error is about a valid message before the one that breaks rules: a
/// server works on a stream while it comes in.
fn may_fail_before(
    case: &Case,
    known: &Known<'_>,
    code: Code,
    read: Option<&details::Read>,
) -> bool {
    let several = matches!(&case.send, Send::Messages(messages) if messages.len() > 1);
    let reason = read.and_then(|read| read.reason.as_deref());
    several && code != Code(0) && known.may_return(code, reason)
}

fn unexpected(case: &Case, outcome: &Outcome) -> Wrong {
    let kind = match (case.phase, &case.expect) {
        (Phase::Wire, _) | (_, Expect::Http(_)) => FindingKind::Protocol,
        (Phase::Behaviour, _) => FindingKind::Behaviour,
        _ => FindingKind::Protocol,
    };
    (kind, expectation(&case.expect), describe(outcome))
}

/// What must come back, in words.
pub fn expectation(expect: &Expect) -> String {
    let codes = |codes: &[Code]| {
        let names: Vec<String> = codes.iter().map(Code::to_string).collect();
        names.join(", ")
    };
    match expect {
        Expect::Accepted => "OK, or a declared error".to_owned(),
        Expect::Refused(due) => format!("INVALID_ARGUMENT, because of {}", refused::list(due)),
        Expect::OneOf(expected) if expected.len() > 15 => match expected.contains(&Code(0)) {
            true => "OK or any error".to_owned(),
            false => "an error, whichever".to_owned(),
        },
        Expect::OneOf(expected) if expected.len() == 1 => codes(expected),
        Expect::OneOf(expected) => format!("one of {}", codes(expected)),
        Expect::Http(statuses) => {
            let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
            format!("HTTP status {}", statuses.join(" or "))
        }
        Expect::Survives => "a well-formed answer, whichever".to_owned(),
    }
}

/// What came back, in words.
pub fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(answer) => describe_answer(answer),
        Outcome::TimedOut { after } => format!("no answer within {after:?}"),
        Outcome::Reset { code } => {
            let reason = h2::Reason::from(*code);
            format!("the stream is reset: {reason:?} ({reason})")
        }
        Outcome::Broken { cause } => format!("the connection breaks: {cause}"),
        Outcome::Unreachable { cause } => cause.clone(),
    }
}

fn describe_answer(answer: &Answer) -> String {
    let Some(code) = answer.grpc_code() else {
        return match answer.stopped {
            true => format!("{} messages, and the stream goes on", answer.messages.len()),
            false => format!("HTTP status {} and no grpc-status", answer.http_status),
        };
    };
    let code = Code(code);
    if code == Code(0) {
        let bytes: usize = answer.messages.iter().map(bytes::Bytes::len).sum();
        let count = answer.messages.len();
        let plural = if count == 1 { "" } else { "s" };
        return format!("OK with {count} message{plural} of {bytes} bytes");
    }
    let mut text = format!("{code} {:?}", details::message(answer));
    if let Ok(Some(read)) = details::read(answer) {
        if let Some(reason) = &read.reason {
            text.push_str(&format!(", reason {reason}"));
        }
        if let Some(listed) = &read.violations {
            let listed: Vec<_> = listed.iter().cloned().collect();
            let listed = match listed.is_empty() {
                true => "no violations".to_owned(),
                false => format!("violations {}", refused::list(&listed)),
            };
            text.push_str(&format!(", {listed}"));
        }
    }
    text
}
