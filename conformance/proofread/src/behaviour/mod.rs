//! Scenarios: checks that need several calls, or that concern the server as a whole.
//!
//! Each scenario makes claims that follow from the contract or from a specification. A
//! claim that does not hold is a finding. Behaviour that depends on the state of the
//! server is checked only where the contract declares it: paging by
//! `(proofread.v1.paging)`, idempotency keys by `(proofread.v1.idempotency_key)`, equal
//! answers by `idempotency_level` unless `(proofread.v1.nondeterministic)` is set, credentials by
//! `(proofread.v1.access)`.
//!
//! While a scenario runs, nothing else is sent.

mod access;
mod cancellation;
mod connections;
mod deadline;
pub(crate) mod health;
mod idempotency_key;
mod leaks;
mod many_violations;
mod paging;
mod reflection;
mod repeated_reads;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use idempotency_key::with_unused_key;
pub(crate) use paging::Fields as PagingFields;

use prost_reflect::DynamicMessage;

use crate::{
    case::{Case, Expect, Payload, Phase},
    contract::{Code, Contract, Idempotency, Method},
    finding::{Finding, FindingKind},
    judge::{Judge, code_of},
    oracle::Oracle,
    outcome::{Answer, Outcome},
    probe::{Probe, RawBody, ReadLimits, request_body},
};

/// The inputs of all scenarios.
pub struct Context<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// Computes the violations of a message.
    pub oracle: &'a Oracle,
    /// Judges single answers.
    pub judge: &'a Judge<'a>,
    /// The connected client.
    pub probe: &'a Probe,
    /// The methods that the server implements.
    pub methods: &'a [ServedMethod<'a>],
    /// The longest duration of one call.
    pub timeout: Duration,
}

/// A method that the server implements, with valid requests to it.
pub struct ServedMethod<'a> {
    /// The method.
    pub method: &'a Method,
    /// Requests that keep every rule, the smallest first; never empty.
    pub valid: Vec<DynamicMessage>,
    /// Requests that break rules.
    pub refused: Vec<DynamicMessage>,
    /// Whether calls carry the credential that the method requires, if it requires one.
    pub authorised: bool,
}

impl ServedMethod<'_> {
    /// Whether it takes and returns one message and is declared to have no side effects.
    pub(super) fn is_read(&self) -> bool {
        let method = self.method;
        let unary = !method.client_streaming && !method.server_streaming;
        unary && method.idempotency == Idempotency::NoSideEffects
    }
}

/// The results of the scenarios.
#[derive(Debug, Default)]
pub struct ScenarioResults {
    /// One finding for each claim that does not hold.
    pub findings: Vec<Finding>,
    /// Scenarios that could not run: what they are about, and why.
    pub skipped: Vec<(String, String)>,
    /// The number of claims that were checked, by method path; `None` is the server.
    pub claims: Vec<(Option<String>, u64)>,
}

/// Runs all scenarios.
pub async fn run(context: &Context<'_>) -> ScenarioResults {
    let mut results = ScenarioResults::default();
    health::run(context, &mut results).await;
    reflection::run(context, &mut results).await;
    for served in context.methods {
        access::run(context, served, &mut results).await;
        if !served.authorised {
            continue;
        }
        deadline::run(context, served, &mut results).await;
        cancellation::run(context, served, &mut results).await;
        many_violations::run(context, served, &mut results).await;
        repeated_reads::run(context, served, &mut results).await;
        idempotency_key::run(context, served, &mut results).await;
        connections::run(context, served, &mut results).await;
        state::run(context, served, &mut results).await;
        leaks::run(context, served, &mut results).await;
        paging::run(context, served, &mut results).await;
    }
    results
}

impl ScenarioResults {
    /// Counts a claim. `mismatch` is what was expected and what was observed, where the
    /// claim does not hold.
    fn claim(&mut self, claim: Claim<'_>, mismatch: Option<(String, String)>) {
        self.count(claim.method);
        let Some((expected, observed)) = mismatch else {
            return;
        };
        self.findings.push(Finding {
            method: claim.method.map(|it| it.path.clone()).unwrap_or_default(),
            phase: Phase::Behaviour,
            case: format!("behaviour/{}", claim.id),
            kind: FindingKind::Behaviour,
            intent: claim.intent.to_owned(),
            expected,
            observed,
            sent: claim
                .sent
                .map(|sent| RawBody::messages([sent]).bytes.to_vec())
                .unwrap_or_default(),
            json: claim.sent.and_then(|sent| serde_json::to_string(sent).ok()),
            reproduction: None,
            suspects: Vec::new(),
            sequence: None,
        });
    }

    fn count(&mut self, method: Option<&Method>) {
        let path = method.map(|method| method.path.clone());
        match self.claims.iter_mut().find(|(of, _)| *of == path) {
            Some((_, count)) => *count += 1,
            None => self.claims.push((path, 1)),
        }
    }

    fn skipped(&mut self, about: &str, why: impl Into<String>) {
        self.skipped.push((about.to_owned(), why.into()));
    }
}

/// A claim about a method, or about the server as a whole.
#[derive(Clone, Copy)]
struct Claim<'a> {
    method: Option<&'a Method>,
    id: &'a str,
    intent: &'a str,
    sent: Option<&'a DynamicMessage>,
}

impl<'a> Claim<'a> {
    fn of(method: &'a Method, id: &'a str, intent: &'a str, sent: &'a DynamicMessage) -> Self {
        Self {
            method: Some(method),
            id,
            intent,
            sent: Some(sent),
        }
    }

    fn of_server(id: &'a str, intent: &'a str) -> Self {
        Self {
            method: None,
            id,
            intent,
            sent: None,
        }
    }
}

impl Context<'_> {
    /// Calls a method with one message.
    async fn call(&self, method: &Method, message: &DynamicMessage) -> Outcome {
        self.call_with(method, message, &[]).await
    }

    /// Calls a method with one message and additional headers.
    pub(crate) async fn call_with(
        &self,
        method: &Method,
        message: &DynamicMessage,
        headers: &[(&str, &[u8])],
    ) -> Outcome {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        let body = self.body(method, message);
        self.probe
            .call(&method.path, &headers, body, self.timeout)
            .await
    }

    /// The body of a request with one message. Of a stream of responses only the beginning is
    /// read.
    fn body(&self, method: &Method, message: &DynamicMessage) -> RawBody {
        let body = RawBody::messages([message]);
        if method.server_streaming {
            body.with_read_limits(self.read_limits())
        } else {
            body
        }
    }

    fn read_limits(&self) -> ReadLimits {
        ReadLimits {
            max_messages: 1,
            first_message_timeout: self.timeout.min(Duration::from_secs(2)),
            idle_timeout: Duration::from_millis(50),
        }
    }

    /// Sends a case once and adds the findings of the judge.
    async fn try_case(&self, case: &Case, results: &mut ScenarioResults) {
        let path = match &case.send {
            Payload::Raw(call) => call.path.as_deref().unwrap_or(&case.method),
            Payload::Messages(_) => &case.method,
        };
        let outcome = self
            .probe
            .call(path, &[], request_body(&case.send), self.timeout)
            .await;
        results.count(
            self.judge
                .method_contract(&case.method)
                .map(|contract| contract.method),
        );
        results.findings.extend(self.judge.judge(case, &outcome));
    }

    /// Describes an answer that the judge does not accept for a valid request, for
    /// example an undeclared error; `None` where it accepts the answer.
    fn unacceptable(
        &self,
        method: &Method,
        message: &DynamicMessage,
        outcome: &Outcome,
    ) -> Option<String> {
        let case = Case {
            id: String::new(),
            method: method.path.clone(),
            phase: Phase::Behaviour,
            intent: String::new(),
            exercises: Vec::new(),
            send: Payload::Messages(vec![message.clone()]),
            expect: Expect::Accepted,
        };
        let mut mismatches = self.judge.mismatches(&case, outcome).into_iter();
        mismatches.next().map(|(_, _, observed)| observed)
    }
}

/// The message of an answer that is OK and contains exactly one message.
pub(crate) fn response(method: &Method, outcome: &Outcome) -> Option<DynamicMessage> {
    let answer = ok(outcome)?;
    let [message] = answer.messages.as_slice() else {
        return None;
    };
    DynamicMessage::decode(method.descriptor.output(), message.clone()).ok()
}

/// The answer, if its code is OK.
fn ok(outcome: &Outcome) -> Option<&Answer> {
    match outcome {
        Outcome::Answered(answer) if code_of(outcome) == Some(Code(0)) => Some(answer),
        _ => None,
    }
}
