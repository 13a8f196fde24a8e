//! Cancellation: a caller who resets the stream takes nothing down. Source:
//! PROTOCOL-HTTP2.md, Client Cancellation.

use super::{Claim, Context, Observed, Served};
use crate::{
    judge::{code_of, describe},
    probe::RawBody,
};

/// One may find a lucky moment; three rarely do.
const TIMES: usize = 3;

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let (method, request) = (served.method, &served.valid[0]);
    for _ in 0..TIMES {
        let mut body = RawBody::messages([request]);
        body.reset = true;
        // That it is reset is all that there is to know: the probe did it.
        let _ = context
            .probe
            .call(&method.path, &[], body, context.timeout)
            .await;
    }
    let outcome = context.call(method, request).await;
    let claim = Claim::of(
        method,
        "cancellation",
        "a valid request after three that were reset in their middle",
        request,
    );
    let wrong = code_of(&outcome).is_none().then(|| {
        let expected = "an answer: cancelling a call concerns no other".to_owned();
        (expected, describe(&outcome))
    });
    observed.claim(claim, wrong);
}
