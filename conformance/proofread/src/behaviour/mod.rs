//! Behaviour: what only shows in more than one answer, or in no answer at all.
//!
//! Each scenario makes claims that the contract or a specification backs, one
//! finding for each claim that does not hold. What depends on the state of the
//! server is judged only where the contract declares it: paging by
//! `(proofread.v1.paging)`, replays by `(proofread.v1.idempotency_key)`, repetition by
//! `idempotency_level` unless `(proofread.v1.nondeterministic)` says otherwise, credentials by
//! `(proofread.v1.access)`.
//!
//! A scenario runs while nothing else is sent.

mod access;
mod cancellation;
mod deadline;
mod flood;
mod health;
mod paging;
mod reflection;
mod repetition;
mod replay;
#[cfg(test)]
mod tests;

use std::time::Duration;

use prost_reflect::DynamicMessage;

use crate::{
    case::{Case, Expect, Phase, Send},
    contract::{Code, Contract, Method},
    finding::{Finding, FindingKind},
    judge::{Judge, code_of},
    oracle::Oracle,
    outcome::{Answer, Outcome},
    probe::{Probe, RawBody, Stop, body_of},
};

/// What the scenarios need.
pub struct Context<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// What is due for a message.
    pub oracle: &'a Oracle,
    /// The verdicts.
    pub judge: &'a Judge<'a>,
    /// The client.
    pub probe: &'a Probe,
    /// The methods that the server serves.
    pub methods: &'a [Served<'a>],
    /// How long one call may take.
    pub timeout: Duration,
}

/// A method that the server serves, and requests to it.
pub struct Served<'a> {
    /// The method.
    pub method: &'a Method,
    /// Requests that keep every rule, the smallest first; never none.
    pub valid: Vec<DynamicMessage>,
    /// Whether calls carry the credential that the method asks for, if it does.
    pub authorised: bool,
}

/// What the scenarios found.
#[derive(Debug, Default)]
pub struct Observed {
    /// The claims that do not hold.
    pub findings: Vec<Finding>,
    /// What could not be tried: what it is about, and why.
    pub untried: Vec<(String, String)>,
    /// How many claims were tried: the method (none for the server), and how many.
    pub claims: Vec<(Option<String>, u64)>,
}

/// Runs all scenarios.
pub async fn run(context: &Context<'_>) -> Observed {
    let mut observed = Observed::default();
    health::run(context, &mut observed).await;
    reflection::run(context, &mut observed).await;
    for served in context.methods {
        access::run(context, served, &mut observed).await;
        if !served.authorised {
            continue;
        }
        deadline::run(context, served, &mut observed).await;
        cancellation::run(context, served, &mut observed).await;
        flood::run(context, served, &mut observed).await;
        repetition::run(context, served, &mut observed).await;
        replay::run(context, served, &mut observed).await;
        paging::run(context, served, &mut observed).await;
    }
    observed
}

impl Observed {
    /// Counts a claim; where it does not hold, says so.
    fn claim(&mut self, claim: Claim<'_>, wrong: Option<(String, String)>) {
        self.count(claim.method);
        let Some((expected, observed)) = wrong else {
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
            again: None,
        });
    }

    fn count(&mut self, method: Option<&Method>) {
        let path = method.map(|method| method.path.clone());
        match self.claims.iter_mut().find(|(of, _)| *of == path) {
            Some((_, count)) => *count += 1,
            None => self.claims.push((path, 1)),
        }
    }

    fn untried(&mut self, about: &str, why: impl Into<String>) {
        self.untried.push((about.to_owned(), why.into()));
    }
}

/// A claim about a method, or about the server.
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
    /// Calls a method with a message.
    async fn call(&self, method: &Method, message: &DynamicMessage) -> Outcome {
        self.call_with(method, message, &[]).await
    }

    /// The same with headers.
    async fn call_with(
        &self,
        method: &Method,
        message: &DynamicMessage,
        headers: &[(&str, &[u8])],
    ) -> Outcome {
        let mut body = RawBody::messages([message]);
        if method.server_streaming {
            body = body.stopping(self.stop());
        }
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        self.probe
            .call(&method.path, &headers, body, self.timeout)
            .await
    }

    fn stop(&self) -> Stop {
        Stop {
            messages: 1,
            first: self.timeout.min(Duration::from_secs(2)),
            quiet: Duration::from_millis(50),
        }
    }

    /// Sends a case and adds what the judge finds.
    async fn try_case(&self, case: &Case, observed: &mut Observed) {
        let path = match &case.send {
            Send::Raw(call) => call.path.as_deref().unwrap_or(&case.method),
            Send::Messages(_) => &case.method,
        };
        let outcome = self
            .probe
            .call(path, &[], body_of(&case.send), self.timeout)
            .await;
        observed.count(self.judge.known(&case.method).map(|known| known.method));
        observed.findings.extend(self.judge.judge(case, &outcome));
    }

    /// What the judge says of an answer to a valid request: an error that is not
    /// declared, or nothing.
    fn undeclared(
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
            send: Send::Messages(vec![message.clone()]),
            expect: Expect::Accepted,
        };
        let mut wrong = self.judge.wrong(&case, outcome).into_iter();
        wrong.next().map(|(_, _, observed)| observed)
    }
}

/// The one message of an answer that is OK.
fn response(method: &Method, outcome: &Outcome) -> Option<DynamicMessage> {
    let answer = ok(outcome)?;
    let [message] = answer.messages.as_slice() else {
        return None;
    };
    DynamicMessage::decode(method.descriptor.output(), message.clone()).ok()
}

fn ok(outcome: &Outcome) -> Option<&Answer> {
    match outcome {
        Outcome::Answered(answer) if code_of(outcome) == Some(Code(0)) => Some(answer),
        _ => None,
    }
}
