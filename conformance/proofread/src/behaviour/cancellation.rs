//! Cancellation: when a client resets its stream, the server continues to answer other
//! calls. Source: PROTOCOL-HTTP2.md, Client Cancellation.

use super::{Claim, Context, ScenarioResults, ServedMethod};
use crate::{
    judge::{code_of, describe_outcome},
    probe::RawBody,
};

/// Whether a reset does harm depends on timing, so several are sent.
const REPETITIONS: usize = 3;

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let (method, request) = (served.method, &served.valid[0]);
    for _ in 0..REPETITIONS {
        let mut body = RawBody::messages([request]);
        body.reset = true;
        // The outcome is always the reset that the probe itself sent.
        let _ = context
            .probe
            .call(&method.path, &[], body, context.timeout)
            .await;
    }
    let outcome = context.call(method, request).await;
    let claim = Claim::of(
        method,
        "cancellation",
        "a valid request after three requests that the client cancelled",
        request,
    );
    let mismatch = code_of(&outcome).is_none().then(|| {
        let expected = "an answer: cancelling a call must not affect others".to_owned();
        (expected, describe_outcome(&outcome))
    });
    results.claim(claim, mismatch);
}
