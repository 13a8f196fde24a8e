//! Deadlines: a call ends by its deadline, with an answer or with DEADLINE_EXCEEDED.
//! Source: PROTOCOL-HTTP2.md, Client Cancellation; statuscodes.md.

use std::time::Duration;

use super::{Claim, Context, ScenarioResults, ServedMethod};
use crate::{
    contract::Code,
    judge::{code_of, describe_outcome},
    outcome::Outcome,
    probe::RawBody,
};

const DEADLINE_EXCEEDED: Code = Code(4);
/// A server may also reset the stream with CANCEL when the deadline passes.
const CANCELLED: Code = Code(1);

/// How long after its deadline a call may still take, for busy machines.
const GRACE: Duration = Duration::from_secs(5);

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let (method, request) = (served.method, &served.valid[0]);
    let shortest = [("grpc-timeout", b"1n".as_slice())];
    let outcome = context.call_with(method, request, &shortest).await;
    let claim = Claim::of(
        method,
        "deadline/passed",
        "a valid request with a deadline of one nanosecond, which has passed on arrival",
        request,
    );
    let expected = "DEADLINE_EXCEEDED, or an answer within the deadline (statuscodes.md)";
    let fine = match code_of(&outcome) {
        Some(DEADLINE_EXCEEDED | CANCELLED) => true,
        Some(_) => context.unacceptable(method, request, &outcome).is_none(),
        None => false,
    };
    let mismatch = (!fine).then(|| (expected.to_owned(), describe_outcome(&outcome)));
    results.claim(claim, mismatch);
    if method.server_streaming && declares_deadline(context, served) {
        check_stream_deadline(context, served, results).await;
    }
}

fn declares_deadline(context: &Context<'_>, served: &ServedMethod<'_>) -> bool {
    let contract = context.judge.method_contract(&served.method.path);
    contract.is_some_and(|contract| {
        contract
            .errors()
            .any(|error| error.code == DEADLINE_EXCEEDED)
    })
}

/// Checks that an open stream ends at its deadline, where the contract declares
/// DEADLINE_EXCEEDED.
async fn check_stream_deadline(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let (method, request) = (served.method, &served.valid[0]);
    let timeout = [("grpc-timeout".to_owned(), b"300m".to_vec())];
    let body = RawBody::messages([request]);
    let outcome = context
        .probe
        .call(&method.path, &timeout, body, GRACE)
        .await;
    let claim = Claim::of(
        method,
        "deadline/stream",
        "a stream with a deadline of 300 ms, read to its end",
        request,
    );
    let mismatch = matches!(outcome, Outcome::TimedOut { .. }).then(|| {
        let expected = "an end at the deadline: the service declares DEADLINE_EXCEEDED".to_owned();
        (expected, format!("the stream goes on {GRACE:?} later"))
    });
    results.claim(claim, mismatch);
}
