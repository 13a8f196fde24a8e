//! Compares the answers of a server with what the contract, the gRPC specification and
//! the profile require.
//!
//! Where these leave something open, there is no finding. Each expectation names its
//! source.
//!
//! - [`details`] decodes `grpc-status-details-bin`.
//! - `wellformed` checks what holds for every answer.
//! - `accepted` checks the answers to requests that keep every rule, `refused` the
//!   answers to requests that break some.

mod accepted;
mod codes;
pub mod details;
mod lenient_decoding;
mod metadata;
mod method_contract;
mod refused;
mod response_cache;
#[cfg(test)]
mod tests;
mod wellformed;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    case::{Case, Expect, Payload, Phase},
    contract::{Code, Contract, Features},
    finding::{Finding, FindingKind, Reproduction},
    oracle::Oracle,
    outcome::{Answer, Outcome},
    probe,
    profile::Profile,
};
use response_cache::ValidResponses;

pub use codes::code_of;
pub use method_contract::MethodContract;

/// A difference between an answer and its expectation: the kind of the finding, what was
/// expected, what was observed.
pub(crate) type Mismatch = (FindingKind, String, String);

/// Judges the answers of one server. Can be used by many tasks at once.
pub struct Judge<'c> {
    oracle: &'c Oracle,
    profile: &'c Profile,
    features: &'c Features,
    methods: HashMap<&'c str, MethodContract<'c>>,
    valid_responses: Mutex<ValidResponses>,
}

impl<'c> Judge<'c> {
    /// Collects what the contract says about each method.
    pub fn new(contract: &'c Contract, oracle: &'c Oracle, profile: &'c Profile) -> Self {
        Self {
            oracle,
            profile,
            features: contract.features(),
            methods: MethodContract::all(contract),
            valid_responses: Mutex::default(),
        }
    }

    /// What the contract says about the method with this path.
    pub fn method_contract(&self, path: &str) -> Option<&MethodContract<'c>> {
        self.methods.get(path)
    }

    /// The findings about the outcome of a case, in a fixed order.
    pub fn judge(&self, case: &Case, outcome: &Outcome) -> Vec<Finding> {
        let mismatches = self.mismatches(case, outcome);
        mismatches
            .into_iter()
            .map(|mismatch| finding_for(case, mismatch))
            .collect()
    }

    pub(crate) fn mismatches(&self, case: &Case, outcome: &Outcome) -> Vec<Mismatch> {
        let answer = match outcome {
            Outcome::Answered(answer) => answer,
            Outcome::Reset { .. } => return self.check_reset(case, outcome),
            Outcome::TimedOut { .. } | Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                let expected = format!(
                    "{}; in any case an answer",
                    describe_expectation(&case.expect)
                );
                return vec![(FindingKind::Crash, expected, describe_outcome(outcome))];
            }
        };
        if let Expect::MissingRequired(due) = &case.expect {
            let expect = self.profile.expectation_of_incomplete_message(due);
            let case = Case {
                expect,
                ..case.clone()
            };
            return self.mismatches(&case, outcome);
        }
        let code = code_of(outcome).unwrap_or(Code(2));
        let foreign = answer.http_status != 200 && answer.http_status != 0;
        match &case.expect {
            Expect::Http(statuses) => {
                return if statuses.contains(&answer.http_status) {
                    Vec::new()
                } else {
                    vec![unexpected_outcome(case, outcome)]
                };
            }
            // An HTTP status counts as the code to which gRPC maps it.
            Expect::OneOf(codes) if foreign => {
                return if codes.contains(&code) {
                    Vec::new()
                } else {
                    vec![unexpected_outcome(case, outcome)]
                };
            }
            Expect::AnyAnswer if foreign => return Vec::new(),
            _ => {}
        }
        let (mut mismatches, status_details) = wellformed::check(answer, self.profile);
        if answer.grpc_code().is_none() && !answer.stopped_early {
            // Without a grpc-status there is nothing more to check.
            return mismatches;
        }
        let Some(contract) = self.methods.get(case.method.as_str()) else {
            return mismatches;
        };
        mismatches.extend(check_messages_before_error(case, contract, code, answer));
        match &case.expect {
            Expect::Accepted => mismatches.extend(self.check_accepted(
                case,
                contract,
                code,
                answer,
                status_details.as_ref(),
            )),
            // A message before the refused one may fail first with a declared error.
            Expect::Refused(_)
                if may_fail_before(case, contract, code, status_details.as_ref()) => {}
            Expect::Refused(due) => mismatches.extend(refused::check(
                due,
                code,
                answer,
                status_details.as_ref(),
                self.profile,
            )),
            Expect::OneOf(codes) => mismatches.extend(self.check_one_of(
                case,
                contract,
                codes,
                outcome,
                &status_details,
            )),
            Expect::MissingRequired(_) | Expect::Http(_) | Expect::AnyAnswer => {}
        }
        mismatches
    }

    /// When OK is among the codes, the call may be executed, and then the method may
    /// also return its declared errors.
    fn check_one_of(
        &self,
        case: &Case,
        contract: &MethodContract<'_>,
        codes: &[Code],
        outcome: &Outcome,
        status_details: &Option<details::StatusDetails>,
    ) -> Vec<Mismatch> {
        let code = code_of(outcome).unwrap_or(Code(2));
        let Outcome::Answered(answer) = outcome else {
            return Vec::new();
        };
        let may_run = codes.contains(&Code(0));
        if codes.contains(&code) {
            return match code {
                Code(0) => {
                    self.check_accepted(case, contract, code, answer, status_details.as_ref())
                }
                _ => Vec::new(),
            };
        }
        if may_run
            && self
                .check_accepted(case, contract, code, answer, status_details.as_ref())
                .is_empty()
        {
            return Vec::new();
        }
        vec![unexpected_outcome(case, outcome)]
    }

    fn check_reset(&self, case: &Case, outcome: &Outcome) -> Vec<Mismatch> {
        let reset_by_us = matches!(&case.send, Payload::Raw(call) if call.reset);
        let incomplete = match &case.expect {
            Expect::MissingRequired(due) => {
                Some(self.profile.expectation_of_incomplete_message(due))
            }
            _ => None,
        };
        let expected = match incomplete.as_ref().unwrap_or(&case.expect) {
            _ if reset_by_us => true,
            Expect::AnyAnswer => true,
            Expect::OneOf(codes) => code_of(outcome).is_some_and(|code| codes.contains(&code)),
            Expect::Accepted
            | Expect::Refused(_)
            | Expect::MissingRequired(_)
            | Expect::Http(_) => false,
        };
        if expected {
            Vec::new()
        } else {
            vec![unexpected_outcome(case, outcome)]
        }
    }

    /// Whether the same bytes were already checked and found valid. Servers send many
    /// identical responses.
    fn is_known_valid(&self, contract: &MethodContract<'_>, bytes: &[u8]) -> bool {
        let good = self
            .valid_responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        good.contains(contract, bytes)
    }

    fn remember_valid(&self, contract: &MethodContract<'_>, bytes: &[u8]) {
        let mut good = self
            .valid_responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        good.insert(contract, bytes);
    }
}

/// Judges one outcome. Create a [`Judge`] to judge several.
pub fn judge(
    contract: &Contract,
    oracle: &Oracle,
    profile: &Profile,
    case: &Case,
    outcome: &Outcome,
) -> Vec<Finding> {
    Judge::new(contract, oracle, profile).judge(case, outcome)
}

/// Makes a finding of a mismatch.
pub(crate) fn finding_for(case: &Case, (kind, expected, observed): Mismatch) -> Finding {
    let json = match &case.send {
        Payload::Messages(messages) => {
            let texts: Result<Vec<String>, _> =
                messages.iter().map(serde_json::to_string).collect();
            texts.ok().map(|texts| texts.join("\n"))
        }
        Payload::Raw(_) => None,
    };
    Finding {
        method: case.method.clone(),
        phase: case.phase,
        case: case.id.clone(),
        kind,
        intent: case.intent.clone(),
        expected,
        observed,
        sent: probe::request_body(&case.send).bytes.to_vec(),
        json,
        reproduction: Some(Reproduction::of(case)),
        suspects: Vec::new(),
        sequence: None,
    }
}

/// Checks that no message precedes an error of a unary call, or the refusal of the only request
/// of a stream: clients drop such messages, and the server has executed the call.
fn check_messages_before_error(
    case: &Case,
    contract: &MethodContract<'_>,
    code: Code,
    answer: &Answer,
) -> Option<Mismatch> {
    let streams = contract.method.server_streaming;
    let is_refused = matches!(case.expect, Expect::Refused(_)) && !contract.method.client_streaming;
    let is_wrong = code != Code(0) && !answer.messages.is_empty() && (!streams || is_refused);
    is_wrong.then(|| {
        metadata::protocol(
            "no message before this error (PROTOCOL-HTTP2.md, Responses)",
            format!("{} messages, and then {code}", answer.messages.len()),
        )
    })
}

/// Whether a declared error may be about a valid message that precedes the one that
/// breaks rules: servers process a stream while it arrives.
fn may_fail_before(
    case: &Case,
    contract: &MethodContract<'_>,
    code: Code,
    status_details: Option<&details::StatusDetails>,
) -> bool {
    let several = matches!(&case.send, Payload::Messages(messages) if messages.len() > 1);
    let reason = status_details.and_then(|status_details| status_details.reason.as_deref());
    several && code != Code(0) && contract.may_return(code, reason)
}

fn unexpected_outcome(case: &Case, outcome: &Outcome) -> Mismatch {
    let kind = match (case.phase, &case.expect) {
        (Phase::Wire, _) | (_, Expect::Http(_)) => FindingKind::Protocol,
        (Phase::Behaviour | Phase::Sequences, _) => FindingKind::Behaviour,
        _ => FindingKind::Protocol,
    };
    (
        kind,
        describe_expectation(&case.expect),
        describe_outcome(outcome),
    )
}

/// Describes an expectation for a report.
pub fn describe_expectation(expect: &Expect) -> String {
    let codes = |codes: &[Code]| {
        let names: Vec<String> = codes.iter().map(Code::to_string).collect();
        names.join(", ")
    };
    match expect {
        Expect::Accepted => "OK, or a declared error".to_owned(),
        Expect::Refused(due) => format!(
            "INVALID_ARGUMENT, because of {}",
            refused::format_violations(due)
        ),
        Expect::MissingRequired(_) => {
            "an error, because a required field is missing, or its default value if the stack of the server does not refuse such messages".to_owned()
        }
        Expect::OneOf(expected) if expected.len() > 15 => {
            let any = if expected.contains(&Code(0)) {
                "OK or any error"
            } else {
                "any error"
            };
            any.to_owned()
        }
        Expect::OneOf(expected) if expected.len() == 1 => codes(expected),
        Expect::OneOf(expected) => format!("one of {}", codes(expected)),
        Expect::Http(statuses) => {
            let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
            format!("HTTP status {}", statuses.join(" or "))
        }
        Expect::AnyAnswer => "any well-formed answer".to_owned(),
    }
}

/// Describes an outcome for a report.
pub fn describe_outcome(outcome: &Outcome) -> String {
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
        return if answer.stopped_early {
            format!("{} messages, and the stream goes on", answer.messages.len())
        } else {
            format!("HTTP status {} and no grpc-status", answer.http_status)
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
    if let Ok(Some(status_details)) = details::parse(answer) {
        if let Some(reason) = &status_details.reason {
            text.push_str(&format!(", reason {reason}"));
        }
        if let Some(listed) = &status_details.violations {
            let listed: Vec<_> = listed.iter().cloned().collect();
            let listed = if listed.is_empty() {
                "no violations".to_owned()
            } else {
                format!("violations {}", refused::format_violations(&listed))
            };
            text.push_str(&format!(", {listed}"));
        }
    }
    text
}
