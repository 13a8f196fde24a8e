//! Connections: many calls on one connection, many connections at once, and the first call on
//! a connection. The answer to a call depends neither on the connection nor on the calls
//! before it. Only a method with NO_SIDE_EFFECTS is called so often, one of each service.

use futures::future::join_all;
use prost_reflect::DynamicMessage;

use super::{Claim, Context, ScenarioResults, ServedMethod, response};
use crate::{
    case::{Case, Payload, Phase},
    judge::describe_outcome,
    outcome::Outcome,
    probe::{ConnectError, DedicatedConnection, RawBody},
};

/// Fewer than the 1,000 after which proxies close a connection.
const CALLS: usize = 120;
/// How many calls are in flight on one connection.
const AT_ONCE: usize = 20;
const CONNECTIONS: usize = 20;

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    if !is_first_read(context, served) {
        return;
    }
    many_calls(context, served, results).await;
    many_connections(context, served, results).await;
    first_call(context, served, results).await;
    concurrent_calls(context, served, results).await;
}

/// Whether this is the first unary method of its service with NO_SIDE_EFFECTS.
fn is_first_read(context: &Context<'_>, served: &ServedMethod<'_>) -> bool {
    let service = |served: &ServedMethod<'_>| {
        let service = served.method.descriptor.parent_service();
        service.full_name().to_owned()
    };
    let same_service = |other: &&ServedMethod<'_>| service(other) == service(served);
    let mut reads = context.methods.iter().filter(same_service);
    let first = reads.find(|it| it.authorised && it.is_read());
    first.is_some_and(|first| first.method.path == served.method.path)
}

/// Calls on one connection, [`AT_ONCE`] at a time.
async fn many_calls(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let (method, request) = (served.method, &served.valid[0]);
    let claim = Claim::of(
        method,
        "connections/many-calls",
        "120 valid requests on one connection",
        request,
    );
    let connection = match context.probe.dedicated(method).await {
        Ok(connection) => connection,
        Err(error) => return results.claim(claim, Some(refused(&error))),
    };
    let mut mismatch = None;
    for done in (0..CALLS).step_by(AT_ONCE) {
        let calls = (0..AT_ONCE).map(|_| call(context, &connection, served, request));
        let answers = join_all(calls).await;
        // The server may close a connection; then it says which calls it did not process.
        let Some(answers) = answers.into_iter().collect::<Option<Vec<Outcome>>>() else {
            break;
        };
        let wrong = answers
            .iter()
            .position(|outcome| context.unacceptable(method, request, outcome).is_some());
        if let Some(at) = wrong {
            let expected = "the same kind of answer to each call of a connection".to_owned();
            let observed = describe_outcome(&answers[at]);
            mismatch = Some((expected, format!("{observed}, to call {}", done + at + 1)));
            break;
        }
    }
    results.claim(claim, mismatch);
}

async fn many_connections(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let (method, request) = (served.method, &served.valid[0]);
    let claim = Claim::of(
        method,
        "connections/many",
        "20 connections at once, with a valid request on each",
        request,
    );
    let opened = join_all((0..CONNECTIONS).map(|_| context.probe.dedicated(method))).await;
    let opened: Result<Vec<DedicatedConnection<'_>>, ConnectError> = opened.into_iter().collect();
    let mismatch = match opened {
        Err(error) => Some(refused(&error)),
        Ok(opened) => {
            let calls = opened.iter().map(|it| call(context, it, served, request));
            let answers = join_all(calls).await.into_iter().flatten();
            let mut wrong =
                answers.filter(|outcome| context.unacceptable(method, request, outcome).is_some());
            wrong.next().map(|outcome| {
                let expected = "an answer on each connection".to_owned();
                (expected, describe_outcome(&outcome))
            })
        }
    };
    results.claim(claim, mismatch);
}

/// The first call on a connection is answered as any other, also if it is refused.
async fn first_call(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let (method, request) = (served.method, &served.valid[0]);
    if let Some(refused) = served.refused.first()
        && let Ok(expect) = context.oracle.expectation([refused])
        && let Ok(connection) = context.probe.dedicated(method).await
        && let Some(outcome) = call(context, &connection, served, refused).await
    {
        let case = Case {
            id: "behaviour/connections/first-call-refused".to_owned(),
            method: method.path.clone(),
            phase: Phase::Behaviour,
            intent: "a request that breaks rules, as the first on a connection".to_owned(),
            exercises: Vec::new(),
            send: Payload::Messages(vec![refused.clone()]),
            expect,
        };
        results.count(Some(method));
        results
            .findings
            .extend(context.judge.judge(&case, &outcome));
    }
    let Some(usual) = stable_answer(context, served, request).await else {
        return;
    };
    let claim = Claim::of(
        method,
        "connections/first-call",
        "a valid request, as the first on a connection",
        request,
    );
    let mut differing = None;
    for _ in 0..2 {
        let Ok(connection) = context.probe.dedicated(method).await else {
            return;
        };
        let Some(outcome) = call(context, &connection, served, request).await else {
            return;
        };
        if response(method, &outcome).as_ref() == Some(&usual) {
            differing = None;
            break;
        }
        differing = Some(describe_outcome(&outcome));
    }
    let mismatch = differing.map(|observed| {
        let expected = "the answer that other calls get: the method has NO_SIDE_EFFECTS".to_owned();
        (expected, format!("another one: {observed}"))
    });
    results.claim(claim, mismatch);
}

/// Two requests with different answers, many times in turns on one connection.
async fn concurrent_calls(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let mut known: Vec<(&DynamicMessage, DynamicMessage)> = Vec::new();
    for request in &served.valid {
        let Some(answer) = stable_answer(context, served, request).await else {
            continue;
        };
        if known.iter().all(|(_, other)| *other != answer) {
            known.push((request, answer));
        }
        if known.len() == 2 {
            break;
        }
    }
    let ([(first, _), _], Ok(connection)) = (
        known.as_slice(),
        context.probe.dedicated(served.method).await,
    ) else {
        return;
    };
    let turns: Vec<&(&DynamicMessage, DynamicMessage)> =
        known.iter().cycle().take(AT_ONCE).collect();
    let calls = turns
        .iter()
        .map(|(request, _)| call(context, &connection, served, request));
    let answers = join_all(calls).await;
    let wrong = turns.iter().zip(&answers).find(|((_, expected), outcome)| {
        let answer = outcome.as_ref().map(|it| response(served.method, it));
        answer.is_some_and(|answer| answer.as_ref() != Some(expected))
    });
    let claim = Claim::of(
        served.method,
        "connections/concurrent",
        "two different valid requests, in turns and at the same time on one connection",
        first,
    );
    let mismatch = wrong.map(|((request, expected), outcome)| {
        let observed = outcome.as_ref().map(describe_outcome).unwrap_or_default();
        let answer = outcome.as_ref().and_then(|it| response(served.method, it));
        let observed = answer.map_or(observed, |answer| answer.to_string());
        (format!("{expected}, the answer to {request}"), observed)
    });
    results.claim(claim, mismatch);
}

/// The answer to a request, if two calls get the same one.
async fn stable_answer(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    request: &DynamicMessage,
) -> Option<DynamicMessage> {
    if served.method.nondeterministic.is_some() {
        return None;
    }
    let first = response(served.method, &context.call(served.method, request).await)?;
    let second = response(served.method, &context.call(served.method, request).await)?;
    (first == second).then_some(first)
}

/// The outcome of a call; `None` if the server did not process it.
async fn call(
    context: &Context<'_>,
    connection: &DedicatedConnection<'_>,
    served: &ServedMethod<'_>,
    request: &DynamicMessage,
) -> Option<Outcome> {
    let body = RawBody::messages([request]);
    connection
        .call(&served.method.path, &[], &body, context.timeout)
        .await
}

fn refused(error: &ConnectError) -> (String, String) {
    ("an open connection".to_owned(), error.to_string())
}
