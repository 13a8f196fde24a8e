//! Deadlines: a call with a deadline ends, by an answer or by DEADLINE_EXCEEDED.
//! Source: PROTOCOL-HTTP2.md, Client Cancellation; statuscodes.md.

use std::time::Duration;

use super::{Claim, Context, Observed, Served};
use crate::{
    contract::Code,
    judge::{code_of, describe},
    outcome::Outcome,
    probe::RawBody,
};

const DEADLINE_EXCEEDED: Code = Code(4);
/// A server may also reset the stream with CANCEL at the deadline.
const CANCELLED: Code = Code(1);

/// How long after its deadline a call may still go on: machines are busy.
const GRACE: Duration = Duration::from_secs(5);

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let (method, request) = (served.method, &served.valid[0]);
    let shortest = [("grpc-timeout", b"1n".as_slice())];
    let outcome = context.call_with(method, request, &shortest).await;
    let claim = Claim::of(
        method,
        "deadline/passed",
        "a valid request whose deadline of one nanosecond has passed when it comes",
        request,
    );
    let expected = "DEADLINE_EXCEEDED, or an answer that was there in time (statuscodes.md)";
    let fine = match code_of(&outcome) {
        Some(DEADLINE_EXCEEDED | CANCELLED) => true,
        Some(_) => context.undeclared(method, request, &outcome).is_none(),
        None => false,
    };
    let wrong = (!fine).then(|| (expected.to_owned(), describe(&outcome)));
    observed.claim(claim, wrong);
    if method.server_streaming && declares_deadline(context, served) {
        open_stream(context, served, observed).await;
    }
}

fn declares_deadline(context: &Context<'_>, served: &Served<'_>) -> bool {
    let known = context.judge.known(&served.method.path);
    known.is_some_and(|known| known.errors().any(|error| error.code == DEADLINE_EXCEEDED))
}

/// A stream that goes on ends at its deadline, where the contract declares so.
async fn open_stream(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
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
    let wrong = matches!(outcome, Outcome::TimedOut { .. }).then(|| {
        let expected = "an end at the deadline: the service declares DEADLINE_EXCEEDED".to_owned();
        (expected, format!("the stream goes on {GRACE:?} later"))
    });
    observed.claim(claim, wrong);
}
