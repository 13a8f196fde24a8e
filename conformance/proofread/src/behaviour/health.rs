//! Health: what `grpc.health.v1` says of the services that answer. Source: gRPC's
//! health-checking.md and grpc/health/v1/health.proto.

use std::time::Duration;

use prost::Message;

use super::{Claim, Context, Observed, ok};
use crate::{
    contract::Code,
    judge::{code_of, describe},
    outcome::Outcome,
    probe::{RawBody, Stop},
};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const NOT_FOUND: Code = Code(5);
const UNIMPLEMENTED: Code = Code(12);

const SERVING: i32 = 1;
const SERVICE_UNKNOWN: i32 = 3;
const STATES: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

const NOBODY: &str = "proofread.v1.NoSuchService";

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// What the server says of one service.
enum Said {
    State(i32),
    Unregistered,
    Else(String),
}

pub(super) async fn run(context: &Context<'_>, observed: &mut Observed) {
    let whole = ask(context, CHECK, "").await;
    if code_of(&whole) == Some(UNIMPLEMENTED) {
        observed.untried("grpc.health.v1.Health", "the server does not serve it");
        return;
    }
    let intent = "the health of the server as a whole";
    let wrong = serving(&said(&whole), "the server");
    observed.claim(Claim::of_server("health/server", intent), wrong);
    services(context, observed).await;

    let unknown = said(&ask(context, CHECK, NOBODY).await);
    let wrong = match unknown {
        Said::Unregistered => None,
        Said::State(state) => Some(named(state)),
        Said::Else(what) => Some(what),
    };
    let expected = "NOT_FOUND for a service that is not registered (health-checking.md)";
    observed.claim(
        Claim::of_server("health/unknown", "the health of a service that nobody has"),
        wrong.map(|wrong| (expected.to_owned(), wrong)),
    );
    watch(context, "", SERVING, "health/watch", observed).await;
    watch(
        context,
        NOBODY,
        SERVICE_UNKNOWN,
        "health/watch-unknown",
        observed,
    )
    .await;
}

/// Services that answer are SERVING. A server may register none of them by name;
/// if it registers one it should register all.
async fn services(context: &Context<'_>, observed: &mut Observed) {
    let mut names: Vec<&str> = Vec::new();
    for served in context.methods {
        if let Some(known) = context.judge.known(&served.method.path)
            && !names.contains(&known.service.full_name.as_str())
        {
            names.push(&known.service.full_name);
        }
    }
    let mut answers = Vec::new();
    for name in names {
        answers.push((name, said(&ask(context, CHECK, name).await)));
    }
    let registers = answers
        .iter()
        .any(|(_, said)| !matches!(said, Said::Unregistered));
    if !registers {
        observed.untried(
            "grpc.health.v1.Health",
            "no service of the contract is registered by name",
        );
        return;
    }
    for (name, said) in answers {
        let id = format!("health/{name}");
        let intent = format!("the health of {name}, which answers calls");
        observed.claim(Claim::of_server(&id, &intent), serving(&said, name));
    }
}

fn serving(said: &Said, what: &str) -> Option<(String, String)> {
    let observed = match said {
        Said::State(SERVING) => return None,
        Said::State(state) => named(*state),
        Said::Unregistered => "NOT_FOUND".to_owned(),
        Said::Else(what) => what.clone(),
    };
    Some((
        format!("SERVING, since {what} answers calls (health-checking.md)"),
        observed,
    ))
}

async fn watch(
    context: &Context<'_>,
    service: &str,
    state: i32,
    id: &str,
    observed: &mut Observed,
) {
    let outcome = ask(context, WATCH, service).await;
    // Servers need not have it: grpc/health/v1/health.proto, Watch.
    if code_of(&outcome) == Some(UNIMPLEMENTED) {
        return;
    }
    let first = match said(&outcome) {
        Said::State(first) if first == state => None,
        Said::State(first) => Some(named(first)),
        // tonic-health ends the watch so; the caller learns the same.
        Said::Unregistered if state == SERVICE_UNKNOWN => None,
        Said::Unregistered => Some("NOT_FOUND".to_owned()),
        Said::Else(what) => Some(what),
    };
    let expected = format!(
        "{} at once as the first message (grpc/health/v1/health.proto, Watch)",
        named(state)
    );
    let intent = format!("the beginning of a watch over the health of {service:?}");
    observed.claim(
        Claim::of_server(id, &intent),
        first.map(|first| (expected, first)),
    );
}

async fn ask(context: &Context<'_>, path: &str, service: &str) -> Outcome {
    let request = Request {
        service: service.to_owned(),
    };
    let body = RawBody::messages([&request]).stopping(Stop {
        messages: 1,
        first: context.timeout.min(Duration::from_secs(5)),
        quiet: Duration::from_secs(1),
    });
    context.probe.call(path, &[], body, context.timeout).await
}

fn said(outcome: &Outcome) -> Said {
    if code_of(outcome) == Some(NOT_FOUND) {
        return Said::Unregistered;
    }
    let first = ok(outcome).and_then(|answer| answer.messages.first());
    match first.map(|bytes| Response::decode(bytes.clone())) {
        Some(Ok(response)) => Said::State(response.status),
        Some(Err(error)) => Said::Else(format!("no HealthCheckResponse: {error}")),
        None => Said::Else(describe(outcome)),
    }
}

fn named(state: i32) -> String {
    let index = usize::try_from(state).ok();
    match index.and_then(|index| STATES.get(index)) {
        Some(name) => (*name).to_owned(),
        None => format!("state {state}"),
    }
}
