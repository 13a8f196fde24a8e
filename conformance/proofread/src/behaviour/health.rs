//! Health checking: `grpc.health.v1` must report services that answer calls as SERVING.
//! Source: gRPC's health-checking.md and grpc/health/v1/health.proto.

use std::time::Duration;

use prost::Message;

use super::{Claim, Context, ScenarioResults, ok};
use crate::{
    contract::Code,
    judge::{code_of, describe_outcome},
    outcome::Outcome,
    probe::{RawBody, ReadLimits},
};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const NOT_FOUND: Code = Code(5);
const UNIMPLEMENTED: Code = Code(12);

pub(crate) const SERVING: i32 = 1;
pub(crate) const NOT_SERVING: i32 = 2;
pub(crate) const SERVICE_UNKNOWN: i32 = 3;
const STATES: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

const UNKNOWN_SERVICE: &str = "proofread.v1.NoSuchService";

/// `grpc.health.v1.HealthCheckRequest`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(string, tag = "1")]
    pub(crate) service: String,
}

/// `grpc.health.v1.HealthCheckResponse`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Response {
    #[prost(int32, tag = "1")]
    pub(crate) status: i32,
}

/// The answer of the health service about one service.
enum HealthStatus {
    State(i32),
    /// NOT_FOUND: the service is not registered by name.
    Unregistered,
    /// Any other answer, described.
    Other(String),
}

pub(super) async fn run(context: &Context<'_>, results: &mut ScenarioResults) {
    let whole = call_health(context, CHECK, "").await;
    if code_of(&whole) == Some(UNIMPLEMENTED) {
        results.skipped("grpc.health.v1.Health", "the server does not serve it");
        return;
    }
    let intent = "the health of the server as a whole";
    let mismatch = check_serving(&parse_status(&whole), "the server");
    results.claim(Claim::of_server("health/server", intent), mismatch);
    services(context, results).await;

    let unknown = parse_status(&call_health(context, CHECK, UNKNOWN_SERVICE).await);
    let mismatch = match unknown {
        HealthStatus::Unregistered => None,
        HealthStatus::State(state) => Some(state_name(state)),
        HealthStatus::Other(what) => Some(what),
    };
    let expected = "NOT_FOUND for a service that is not registered (health-checking.md)";
    results.claim(
        Claim::of_server(
            "health/unknown",
            "the health of a service that does not exist",
        ),
        mismatch.map(|observed| (expected.to_owned(), observed)),
    );
    watch(context, "", SERVING, "health/watch", results).await;
    watch(
        context,
        UNKNOWN_SERVICE,
        SERVICE_UNKNOWN,
        "health/watch-unknown",
        results,
    )
    .await;
}

/// Checks that services that answer calls are SERVING. A server may register no service
/// by name; if it registers one, it must register all.
async fn services(context: &Context<'_>, results: &mut ScenarioResults) {
    let mut names: Vec<&str> = Vec::new();
    for served in context.methods {
        if let Some(contract) = context.judge.method_contract(&served.method.path)
            && !names.contains(&contract.service.full_name.as_str())
        {
            names.push(&contract.service.full_name);
        }
    }
    let mut answers = Vec::new();
    for name in names {
        answers.push((name, parse_status(&call_health(context, CHECK, name).await)));
    }
    let registers = answers
        .iter()
        .any(|(_, status)| !matches!(status, HealthStatus::Unregistered));
    if !registers {
        results.skipped(
            "grpc.health.v1.Health",
            "no service of the contract is registered by name",
        );
        return;
    }
    for (name, status) in answers {
        let id = format!("health/{name}");
        let intent = format!("the health of {name}, which answers calls");
        results.claim(Claim::of_server(&id, &intent), check_serving(&status, name));
    }
}

fn check_serving(status: &HealthStatus, what: &str) -> Option<(String, String)> {
    let observed = match status {
        HealthStatus::State(SERVING) => return None,
        HealthStatus::State(state) => state_name(*state),
        HealthStatus::Unregistered => "NOT_FOUND".to_owned(),
        HealthStatus::Other(what) => what.clone(),
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
    results: &mut ScenarioResults,
) {
    let outcome = call_health(context, WATCH, service).await;
    // Watch is optional: grpc/health/v1/health.proto, Watch.
    if code_of(&outcome) == Some(UNIMPLEMENTED) {
        return;
    }
    let first = match parse_status(&outcome) {
        HealthStatus::State(first) if first == state => None,
        HealthStatus::State(first) => Some(state_name(first)),
        // tonic-health ends the stream with NOT_FOUND, which tells the caller the same.
        HealthStatus::Unregistered if state == SERVICE_UNKNOWN => None,
        HealthStatus::Unregistered => Some("NOT_FOUND".to_owned()),
        HealthStatus::Other(what) => Some(what),
    };
    let expected = format!(
        "{} immediately as the first message (grpc/health/v1/health.proto, Watch)",
        state_name(state)
    );
    let intent = format!("the first message of Watch for {service:?}");
    results.claim(
        Claim::of_server(id, &intent),
        first.map(|first| (expected, first)),
    );
}

async fn call_health(context: &Context<'_>, path: &str, service: &str) -> Outcome {
    let request = Request {
        service: service.to_owned(),
    };
    let body = RawBody::messages([&request]).with_read_limits(ReadLimits {
        max_messages: 1,
        first_message_timeout: context.timeout.min(Duration::from_secs(5)),
        idle_timeout: Duration::from_secs(1),
    });
    context.probe.call(path, &[], body, context.timeout).await
}

fn parse_status(outcome: &Outcome) -> HealthStatus {
    if code_of(outcome) == Some(NOT_FOUND) {
        return HealthStatus::Unregistered;
    }
    let first = ok(outcome).and_then(|answer| answer.messages.first());
    match first.map(|bytes| Response::decode(bytes.clone())) {
        Some(Ok(response)) => HealthStatus::State(response.status),
        Some(Err(error)) => {
            HealthStatus::Other(format!("the message is not a HealthCheckResponse: {error}"))
        }
        None => HealthStatus::Other(describe_outcome(outcome)),
    }
}

fn state_name(state: i32) -> String {
    let index = usize::try_from(state).ok();
    match index.and_then(|index| STATES.get(index)) {
        Some(name) => (*name).to_owned(),
        None => format!("state {state}"),
    }
}
