//! State: what a call must not change. It is observed through the methods of the same service
//! that are declared to have no side effects.
//!
//! - A refused request changes nothing, and is refused each time.
//! - A method with NO_SIDE_EFFECTS changes nothing.
//! - The second of two equal calls of an IDEMPOTENT method changes nothing.
//! - A refused request does not use up its idempotency key.

use std::collections::BTreeMap;

use prost_reflect::DynamicMessage;

use super::{Claim, Context, ScenarioResults, ServedMethod, idempotency_key, response};
use crate::{
    case::{Case, Expect, Payload, Phase},
    contract::{Code, Idempotency, Method},
    judge::code_of,
};

const ALREADY_EXISTS: Code = Code(6);

/// How many requests of each read method are observed, and of how many methods.
const REQUESTS: usize = 1;
const METHODS: usize = 8;

/// How often an action is tried, and how often an answer must differ after it to be a finding:
/// another client may change what is observed, but hardly each time.
const ATTEMPTS: usize = 3;
const DIFFERENCES: usize = 2;

/// How many requests are tried to find one that is answered by OK.
const ACCEPTED_TRIES: usize = 8;

/// How often the same request is refused.
const REFUSALS: usize = 6;

/// The requests whose answers are observed.
struct Reads<'a>(Vec<(&'a Method, &'a DynamicMessage)>);

/// The answers, by the position of the request; without those that are not OK.
type Answers = BTreeMap<usize, DynamicMessage>;

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    if method.client_streaming {
        return;
    }
    refused_each_time(context, served, results).await;
    refused_key(context, served, results).await;
    let reads = Reads::of(context, served);
    if reads.0.is_empty() {
        return;
    }
    if let Some(refused) = served.refused.first() {
        let claim = Claim::of(
            method,
            "state/refused",
            "requests that break rules, between equal valid requests to methods that only read",
            refused,
        );
        let action = async || {
            for refused in &served.refused {
                let _ = context.call(method, refused).await;
            }
        };
        let mismatch = reads.changed_by(context, action).await;
        results.claim(claim, mismatch.map(|it| unexpected("refused requests", it)));
    }
    let request = &served.valid[0];
    match method.idempotency {
        Idempotency::NoSideEffects => {
            let claim = Claim::of(
                method,
                "state/read",
                "valid requests to a method with NO_SIDE_EFFECTS, between equal requests to methods that only read",
                request,
            );
            let action = async || {
                for valid in served.valid.iter().rev() {
                    let _ = context.call(method, valid).await;
                }
            };
            let mismatch = reads.changed_by(context, action).await;
            results.claim(claim, mismatch.map(|it| unexpected("NO_SIDE_EFFECTS", it)));
        }
        Idempotency::Idempotent => {
            let Some(request) = accepted_request(context, served).await else {
                return;
            };
            let claim = Claim::of(
                method,
                "state/repeated",
                "a valid request to an IDEMPOTENT method again",
                request,
            );
            let action = async || {
                let _ = context.call(method, request).await;
            };
            let mismatch = reads.changed_by(context, action).await;
            results.claim(claim, mismatch.map(|it| unexpected("a repeated call", it)));
        }
        Idempotency::Unknown => {}
    }
}

/// The first request that is answered by OK.
async fn accepted_request<'a>(
    context: &Context<'_>,
    served: &'a ServedMethod<'_>,
) -> Option<&'a DynamicMessage> {
    for request in served.valid.iter().take(ACCEPTED_TRIES) {
        let outcome = context.call(served.method, request).await;
        if code_of(&outcome) == Some(Code(0)) {
            return Some(request);
        }
    }
    None
}

impl<'a> Reads<'a> {
    /// Requests to the methods of the same service that only read.
    fn of(context: &Context<'a>, served: &ServedMethod<'_>) -> Self {
        let service = served.method.descriptor.parent_service();
        let methods = context.methods.iter().filter(|read| {
            let same = read.method.descriptor.parent_service() == service;
            same && read.authorised && read.is_read() && read.method.nondeterministic.is_none()
        });
        let requests = methods.take(METHODS).flat_map(|read| {
            let requests = read.valid.iter().take(REQUESTS);
            requests.map(|request| (read.method, request))
        });
        Self(requests.collect())
    }

    async fn answers(&self, context: &Context<'_>) -> Answers {
        let mut answers = Answers::new();
        for (at, (method, request)) in self.0.iter().enumerate() {
            let outcome = context.call(method, request).await;
            if let Some(answer) = response(method, &outcome) {
                answers.insert(at, answer);
            }
        }
        answers
    }

    /// The answers that two calls in a row get.
    async fn stable_answers(&self, context: &Context<'_>) -> Answers {
        let mut answers = Answers::new();
        for (at, (method, request)) in self.0.iter().enumerate() {
            let first = response(method, &context.call(method, request).await);
            let second = response(method, &context.call(method, request).await);
            if let Some(answer) = first.filter(|first| Some(first) == second.as_ref()) {
                answers.insert(at, answer);
            }
        }
        answers
    }

    /// Describes an answer that is not the same after an action, at [`DIFFERENCES`] of
    /// [`ATTEMPTS`].
    async fn changed_by(&self, context: &Context<'_>, action: impl AsyncFn()) -> Option<String> {
        let mut differing: BTreeMap<usize, (usize, String)> = BTreeMap::new();
        // The calls before may have changed the first answer.
        let _ = self.answers(context).await;
        for _ in 0..ATTEMPTS {
            let before = self.stable_answers(context).await;
            action().await;
            let after = self.answers(context).await;
            for (at, answer) in &before {
                if after.get(at) == Some(answer) {
                    continue;
                }
                let now = after
                    .get(at)
                    .map_or("an error".to_owned(), ToString::to_string);
                let (method, request) = self.0[*at];
                let name = method.path.trim_start_matches('/');
                let text = format!("{name} {request} was answered by {answer}, and then by {now}");
                let entry = differing.entry(*at).or_insert((0, text));
                entry.0 += 1;
            }
            if differing.is_empty() {
                return None;
            }
        }
        let mut found = differing.into_values();
        found.find_map(|(count, text)| (count >= DIFFERENCES).then_some(text))
    }
}

fn unexpected(cause: &str, observed: String) -> (String, String) {
    let expected = format!("the same answers before and after: {cause} must not change anything");
    (expected, observed)
}

/// The same invalid request several times in a row.
async fn refused_each_time(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let Some(refused) = served.refused.first() else {
        return;
    };
    let Ok(expect) = context.oracle.expectation([refused]) else {
        return;
    };
    for number in 1..=REFUSALS {
        let case = Case {
            id: "behaviour/state/refused-again".to_owned(),
            method: served.method.path.clone(),
            phase: Phase::Behaviour,
            intent: format!("the same request that breaks rules, time {number} in a row"),
            exercises: Vec::new(),
            send: Payload::Messages(vec![refused.clone()]),
            expect: expect.clone(),
        };
        let outcome = context.call(served.method, refused).await;
        let findings = context.judge.judge(&case, &outcome);
        if !findings.is_empty() {
            results.findings.extend(findings);
            break;
        }
    }
    results.count(Some(served.method));
}

/// A refused request and then a valid one with the same idempotency key.
async fn refused_key(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let key = method.idempotency_key.as_deref();
    let key = key.and_then(|key| method.descriptor.input().get_field_by_name(key));
    let Some(key) = key.filter(|_| !method.server_streaming) else {
        return;
    };
    let with_keys = served.valid.iter();
    let mut with_keys =
        with_keys.filter_map(|valid| idempotency_key::with_unused_key(context, valid, &key));
    let Some(valid) = with_keys.next() else {
        return;
    };
    let used = valid.get_field(&key).into_owned();
    let refused = served.refused.iter().find_map(|refused| {
        let mut refused = refused.clone();
        refused.set_field(&key, used.clone());
        let expect = context.oracle.expectation([&refused]).ok()?;
        matches!(expect, Expect::Refused(_)).then_some(refused)
    });
    let Some(refused) = refused else { return };
    let _ = context.call(method, &refused).await;
    let outcome = context.call(method, &valid).await;
    let claim = Claim::of(
        method,
        "state/refused-key",
        "a valid request with the idempotency key of a request that was refused because of its rules",
        &valid,
    );
    let mismatch = (code_of(&outcome) == Some(ALREADY_EXISTS)).then(|| {
        let expected = "the answer to a new request: the first one was not executed".to_owned();
        (expected, crate::judge::describe_outcome(&outcome))
    });
    results.claim(claim, mismatch);
}
