//! Repeated reads: a method with NO_SIDE_EFFECTS must give equal answers to equal calls,
//! unless `(proofread.v1.nondeterministic)` says why not. Source: `idempotency_level` of
//! protobuf's MethodOptions.

use super::{Claim, Context, ScenarioResults, ServedMethod, response};
use crate::contract::Idempotency;

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
    let reads = method.idempotency == Idempotency::NoSideEffects;
    let unary = !method.client_streaming && !method.server_streaming;
    if !reads || !unary || method.nondeterministic.is_some() {
        return;
    }
    for request in served.valid.iter().take(MAX_REQUESTS) {
        let mut differing = 0;
        for _ in 0..REPETITIONS {
            let first = context.call(method, request).await;
            let second = context.call(method, request).await;
            let (Some(first), Some(second)) = (response(method, &first), response(method, &second))
            else {
                break;
            };
            if first == second {
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
        results.claim(claim, mismatch);
    }
}
