//! Repeated reads: a method with NO_SIDE_EFFECTS must give equal answers to equal calls,
//! unless `(proofread.v1.nondeterministic)` says why not. Source: `idempotency_level` of
//! protobuf's MethodOptions.

use prost_reflect::DynamicMessage;

use super::{Claim, Context, ScenarioResults, ServedMethod, response};
use crate::contract::Method;

/// How many requests are tried.
const MAX_REQUESTS: usize = 3;
/// How many pairs of answers must differ before it is a finding: another writer or a
/// clock may change an answer between two calls, but hardly each time.
const REPETITIONS: usize = 3;

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    if !served.is_read() || method.nondeterministic.is_some() {
        return;
    }
    let mut varies = false;
    for request in served.valid.iter().take(MAX_REQUESTS) {
        let mut differing = 0;
        for _ in 0..REPETITIONS {
            let first = context.call(method, request).await;
            let second = context.call(method, request).await;
            // An error may be the right answer, but not only to the second call.
            let Some(first) = response(method, &first) else {
                break;
            };
            if response(method, &second) == Some(first) {
                break;
            }
            differing += 1;
        }
        let claim = Claim::of(
            method,
            "repeated-reads",
            "the same valid request twice in a row",
            request,
        );
        let mismatch = (differing == REPETITIONS).then(|| {
            (
                "the same answer: the method has NO_SIDE_EFFECTS and does not declare that answers vary"
                    .to_owned(),
                format!("two answers that differ, {REPETITIONS} times in a row"),
            )
        });
        varies |= mismatch.is_some();
        results.claim(claim, mismatch);
    }
    if !varies && let [request, other, ..] = served.valid.as_slice() {
        interleaved(context, method, (request, other), results).await;
    }
}

/// A request before and after another one.
async fn interleaved(
    context: &Context<'_>,
    method: &Method,
    (request, other): (&DynamicMessage, &DynamicMessage),
    results: &mut ScenarioResults,
) {
    let mut differing = 0;
    for _ in 0..REPETITIONS {
        let before = context.call(method, request).await;
        let _ = context.call(method, other).await;
        let after = context.call(method, request).await;
        let before = response(method, &before);
        if before.is_none() || before == response(method, &after) {
            break;
        }
        differing += 1;
    }
    let claim = Claim::of(
        method,
        "repeated-reads/interleaved",
        "the same valid request before and after another one",
        request,
    );
    let mismatch = (differing == REPETITIONS).then(|| {
        let expected = "the same answer: the method has NO_SIDE_EFFECTS".to_owned();
        (
            expected,
            format!("two answers that differ, {REPETITIONS} times in a row"),
        )
    });
    results.claim(claim, mismatch);
}
