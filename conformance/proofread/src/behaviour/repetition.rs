//! NO_SIDE_EFFECTS: equal calls get equal answers while nobody else writes, unless
//! the method says why not. Source: `idempotency_level` of protobuf's
//! MethodOptions; `(proofread.v1.nondeterministic)`.

use super::{Claim, Context, Observed, Served, response};
use crate::contract::Idempotency;

/// How many requests are tried, and how often answers must differ: something else
/// may write, or a clock may tick, between two calls, but hardly each time.
const REQUESTS: usize = 3;
const TIMES: usize = 3;

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let method = served.method;
    let reads = method.idempotency == Idempotency::NoSideEffects;
    let unary = !method.client_streaming && !method.server_streaming;
    if !reads || !unary || method.nondeterministic.is_some() {
        return;
    }
    for request in served.valid.iter().take(REQUESTS) {
        let mut differing = 0;
        for _ in 0..TIMES {
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
            "repetition",
            "the same valid request twice, one after the other",
            request,
        );
        let wrong = (differing == TIMES).then(|| {
            (
                "the same answer: the method has NO_SIDE_EFFECTS and does not say that answers vary"
                    .to_owned(),
                format!("two answers that differ, {TIMES} times in a row"),
            )
        });
        observed.claim(claim, wrong);
    }
}
