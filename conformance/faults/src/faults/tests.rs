//! Checks without proofread that each fault changes a response in the expected way.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use proofread::{case::Phase, finding::FindingKind};
use prost::Message;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_request::MessageRequest,
};

use super::{Expectation, Fault, FaultyResponse, find, server_behaviour, table, unchecked_rules};
use crate::{
    call::{Call, Reply},
    client,
    client_certificate::{CertificateState, ClientCertificate},
    corpus,
    credentials::{CART, REVIEWS, SERVICE_KEY},
    server::CorrectServer,
};

/// What a client observes.
#[derive(Debug, Clone, PartialEq)]
enum Observation {
    Reply(Box<Reply>),
    ConnectionBroken,
    NoResponse,
}

impl Observation {
    fn of(response: FaultyResponse) -> Self {
        match response {
            FaultyResponse::Reply(mut reply) => {
                reply.headers.remove("x-request-id");
                Self::Reply(Box::new(reply))
            }
            FaultyResponse::Stream(_)
            | FaultyResponse::ResetStream
            | FaultyResponse::CloseConnection => Self::ConnectionBroken,
            FaultyResponse::NoResponse => Self::NoResponse,
        }
    }

    fn is_ok(&self) -> bool {
        matches!(self, Self::Reply(reply) if reply.code() == Code::Ok)
    }

    fn is_refusal(&self) -> bool {
        matches!(self, Self::Reply(reply) if reply.refusal().is_some())
    }
}

/// Calls of a method that may reveal a fault.
fn calls(path: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let valid = corpus::valid(path);
    for message in corpus::requests(path) {
        calls.push(client::call(path, std::slice::from_ref(&message)));
        calls.push(client::call(path, &[valid.clone(), message]));
    }
    let plain = client::call(path, &[valid]);
    calls.push(plain.clone());
    calls.push(plain.clone().with_messages(Vec::new()));
    for bytes in corpus::raw(path).into_iter().chain(corpus::edges(path)) {
        calls.push(plain.clone().with_messages(vec![bytes]));
    }
    for (name, value) in [
        ("content-type", "text/plain"),
        ("grpc-timeout", "soon"),
        ("grpc-timeout", "1n"),
        ("x-bin", "%"),
    ] {
        let mut call = plain.clone();
        call.headers.insert(name, HeaderValue::from_static(value));
        calls.push(call);
    }
    calls.extend(variants_of_transport(&plain));
    let mut without_token = plain.clone();
    without_token.headers.remove("authorization");
    calls.push(without_token.clone());
    calls.push(without_token.clone().with_messages(vec![Bytes::new()]));
    without_token
        .headers
        .insert("authorization", HeaderValue::from_static("Bearer me"));
    calls.push(without_token);
    let mut other_service = plain.clone();
    let service = HeaderValue::from_static(REVIEWS);
    other_service.headers.insert(SERVICE_KEY, service);
    calls.push(other_service);
    // Elsewhere, a certificate proves nothing that matters.
    if path.ends_with("/CloseBasket") {
        calls.extend(variants_of_certificate(&plain));
    }
    let mut unknown_method = plain.clone();
    unknown_method.path.push('y');
    calls.push(unknown_method);
    let framed = crate::call::frame(&plain.messages);
    calls.push(plain.clone().with_body(&framed.slice(..framed.len() - 1)));
    let compressed = [&[1], &framed[1..]].concat();
    calls.push(plain.with_body(&compressed.into()));
    calls
}

/// Calls over TLS with certificates of all kinds, the valid one first.
fn variants_of_certificate(plain: &Call) -> Vec<Call> {
    use CertificateState::{Absent, Expired, Foreign, Valid};
    let certificates = [
        (Some(CART), Valid),
        (Some(REVIEWS), Valid),
        (None, Valid),
        (Some(CART), Expired),
        (Some(CART), Foreign),
        (None, Absent),
    ];
    let certificates = certificates.map(|(service, state)| ClientCertificate { service, state });
    let empty = plain.clone().with_messages(vec![Bytes::new()]);
    let calls = certificates.into_iter().flat_map(|certificate| {
        [plain, &empty].map(|call| {
            let mut call = call.clone();
            call.origin.certificate = Some(certificate);
            certificate.set_service(&mut call.headers);
            call
        })
    });
    calls.collect()
}

/// Calls with unusual metadata, compression, and bodies in pieces.
fn variants_of_transport(plain: &Call) -> Vec<Call> {
    let many: Vec<String> = (0..50).map(|at| format!("x-proofread-{at}")).collect();
    let many = many.iter().map(|name| (name.as_str(), "1")).collect();
    let large = "a".repeat(6_000);
    let metadata: Vec<Vec<(&str, &str)>> = vec![
        many,
        vec![("x-proofread", &large)],
        vec![("x-proofread", "a"), ("x-proofread", "b")],
        vec![("x-proofread-bin", "AAEC"), ("x-proofread-bin", "AwQF")],
        vec![("x_proofread.1-a", "a")],
        vec![("x-proofread", "c=%41%zz")],
        vec![("grpc-proofread", "1")],
        vec![("grpc-message-type", "a.B")],
        vec![("grpc-previous-rpc-attempts", "2")],
        vec![("grpc-trace-bin", "AAEC")],
        vec![("grpc-accept-encoding", "gzip")],
        vec![("grpc-accept-encoding", "proofread-unknown")],
        vec![("grpc-encoding", "gzip")],
        vec![("grpc-timeout", "30S")],
    ];
    let with = |call: &Call, headers: &[(&str, &str)]| {
        let mut call = call.clone();
        for (name, value) in headers {
            let name = name.parse::<HeaderName>().expect("it is a name");
            call.headers
                .append(name, HeaderValue::from_str(value).expect("it is a value"));
        }
        call
    };
    let empty = plain.clone().with_messages(vec![Bytes::new()]);
    let mut calls: Vec<Call> = metadata
        .iter()
        .flat_map(|headers| [with(plain, headers), with(&empty, headers)])
        .collect();
    let mut without_agent = plain.clone();
    without_agent.headers.remove("user-agent");
    let mut in_pieces = plain.clone();
    in_pieces.data_frames = 20;
    calls.extend([without_agent, in_pieces]);
    let gzip = [("grpc-encoding", "gzip")];
    for compressed in [&b"\x1f\x8b\x08broken"[..], b"no gzip"] {
        let length = u8::try_from(compressed.len()).expect("it is short");
        let body = [&[1, 0, 0, 0, length], compressed].concat();
        calls.push(with(plain, &gzip).with_body(&body.into()));
    }
    calls
}

/// Calls of the paged list with valid and invalid tokens and sizes.
fn pages() -> Vec<Call> {
    use crate::rules::v1::ListItemsRequest;
    let tokens = ["", "from-2", "from-3", "from-5", "from-10", "nonsense"];
    let requests = tokens.iter().flat_map(|token| {
        [0, 2, 5, 100].map(|page_size| ListItemsRequest {
            page_size,
            page_token: (*token).to_owned(),
        })
    });
    let path = "/rules.v1.BehaviourService/ListItems";
    let plain = client::call(path, &[]);
    requests
        .map(|it| plain.clone().with_messages(vec![it.encode_to_vec().into()]))
        .collect()
}

/// Calls of the health and reflection services.
fn infrastructure_calls() -> Vec<Call> {
    let call = |path: &str, message: Vec<u8>| {
        client::call(path, &[]).with_messages(vec![Bytes::from(message)])
    };
    let check = |service: &str| {
        let service = service.to_owned();
        call(
            "/grpc.health.v1.Health/Check",
            HealthCheckRequest { service }.encode_to_vec(),
        )
    };
    let reflect = |message_request| {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message_request),
        };
        call(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request.encode_to_vec(),
        )
    };
    vec![
        check(""),
        check("rules.v1.StringService"),
        check("no.such.Service"),
        reflect(MessageRequest::ListServices(String::new())),
        reflect(MessageRequest::FileContainingSymbol(
            "rules.v1.Checked".to_owned(),
        )),
        reflect(MessageRequest::FileContainingSymbol(
            "rules.v1.CheckStringsRequest".to_owned(),
        )),
    ]
}

async fn expected_responses(calls: &[Call]) -> Vec<Observation> {
    let correct = CorrectServer::new();
    let mut observed = Vec::new();
    for call in calls {
        observed.push(Observation::of(FaultyResponse::Reply(
            correct.handle_call(call.clone()).await,
        )));
    }
    observed
}

/// Test calls with the responses of the correct server.
struct TestCalls {
    by_method: BTreeMap<&'static str, (Vec<Call>, Vec<Observation>)>,
    others: (Vec<Call>, Vec<Observation>),
}

impl TestCalls {
    async fn new() -> Self {
        let mut by_method = BTreeMap::new();
        for path in corpus::methods().filter(|path| !client::is_endless(path)) {
            let calls = calls(path);
            let expected = expected_responses(&calls).await;
            by_method.insert(path, (calls, expected));
        }
        let others = [pages(), infrastructure_calls()].concat();
        let expected = expected_responses(&others).await;
        Self {
            by_method,
            others: (others, expected),
        }
    }

    /// Pairs of different responses of the correct and the faulty server. Stops when the
    /// expected effect is found.
    async fn differences(&self, fault: &Fault) -> Vec<(Observation, Observation)> {
        let correct = CorrectServer::new();
        let mut different = Vec::new();
        let all = self.by_method.values().chain([&self.others]);
        for (calls, expected) in all {
            for (call, expected) in calls.iter().zip(expected) {
                if !fault.applies_to(&call.path)
                    || (is_unchecked_rule(fault) && !expected.is_refusal())
                {
                    continue;
                }
                let response = fault.behaviour.respond(call.clone(), &correct);
                let response = tokio::time::timeout(Duration::from_millis(300), response).await;
                let observed = Observation::of(response.unwrap_or(FaultyResponse::NoResponse));
                if observed != *expected {
                    different.push((expected.clone(), observed));
                    if has_expected_effect(fault, &different) {
                        return different;
                    }
                }
            }
        }
        different
    }
}

fn is_unchecked_rule(fault: &Fault) -> bool {
    matches!(
        fault.expectation,
        Expectation::DetectedBy(_, FindingKind::RuleNotChecked)
    )
}

/// Whether a pair differs in the way that the expected finding requires.
fn has_expected_effect(fault: &Fault, different: &[(Observation, Observation)]) -> bool {
    let Expectation::DetectedBy(_, kind) = fault.expectation else {
        return !different.is_empty();
    };
    different.iter().any(|(expected, observed)| match kind {
        FindingKind::RuleNotChecked => expected.is_refusal() && observed.is_ok(),
        FindingKind::ValidRefused => expected.is_ok() && !observed.is_ok(),
        FindingKind::WrongViolations => expected.is_refusal() && !observed.is_ok(),
        FindingKind::WrongDetails => {
            expected.is_refusal() && !observed.is_ok() || expected.is_ok() && observed.is_ok()
        }
        FindingKind::BadResponse => expected.is_ok() || observed.is_ok(),
        _ => true,
    })
}

/// Faults of repeated calls need two calls to be observed.
fn needs_two_calls(fault: &Fault) -> bool {
    fault.id.starts_with("idempotency/")
}

/// Faults whose effect depends on earlier calls or on the connection.
fn needs_history(fault: &Fault) -> bool {
    let groups = ["state/", "connections/", "leaks/"];
    groups.iter().any(|group| fault.id.starts_with(group))
}

/// Faults that only a sequence of calls reveals: `sequences::tests` checks them.
fn needs_sequence(fault: &Fault) -> bool {
    fault.id.starts_with("sequences/")
}

/// Faults that only a cancelled call, a waiting client or a child process reveals.
fn needs_socket(fault: &Fault) -> bool {
    let ids = [
        "behaviour/hangs-after-cancellation",
        "behaviour/stream-outlives-deadline",
    ];
    fault.exits_process() || ids.contains(&fault.id.as_str())
}

async fn assert_expected_effects(faults: impl Iterator<Item = Fault>) {
    let calls = TestCalls::new().await;
    let (mut count, mut without_effect) = (0, Vec::new());
    for fault in faults {
        count += 1;
        if !has_expected_effect(&fault, &calls.differences(&fault).await) {
            without_effect.push(fault.id);
        }
    }
    assert!(count > 100, "only {count} faults");
    assert!(
        without_effect.is_empty(),
        "{} faults have no effect:\n{}",
        without_effect.len(),
        without_effect.join("\n")
    );
}

#[tokio::test]
async fn every_written_fault_has_the_expected_effect() {
    let faults = table().into_iter().filter(|fault| {
        let needs_calls = needs_two_calls(fault) || needs_history(fault);
        !needs_socket(fault) && !needs_calls && !needs_sequence(fault)
    });
    assert_expected_effects(faults).await;
}

#[tokio::test]
async fn every_unchecked_rule_has_the_expected_effect() {
    let faults = unchecked_rules().into_iter();
    assert_expected_effects(faults.filter(|fault| !client::is_endless(&fault.method))).await;
}

#[tokio::test]
async fn faults_of_state_have_an_effect_on_later_calls() {
    for fault in table().iter().filter(|fault| needs_history(fault)) {
        let (correct, faulty) = (CorrectServer::new(), CorrectServer::new());
        let mut different = false;
        let methods = corpus::methods().filter(|path| fault.applies_to(path));
        let methods = methods.filter(|path| !client::is_endless(path));
        for path in methods.flat_map(|path| [path; 2]) {
            for (at, call) in calls(path).into_iter().enumerate() {
                // Every eleventh connection begins with a call.
                let mut call = call;
                call.origin.connection = u64::try_from(at / 11).unwrap_or_default();
                call.origin.calls_before = u64::try_from(at).unwrap_or_default() % 140;
                let expected = correct.handle_call(call.clone()).await;
                let expected = Observation::of(FaultyResponse::Reply(expected));
                let observed = fault.behaviour.respond(call, &faulty).await;
                different |= Observation::of(observed) != expected;
            }
        }
        assert!(different, "{}", fault.id);
    }
}

fn ignores_other_body(fault: &Fault) -> bool {
    [
        "idempotency/other-body-accepted",
        "idempotency/absent-is-zero",
    ]
    .contains(&fault.id.as_str())
}

#[tokio::test]
async fn only_the_correct_server_handles_repeated_calls() {
    for fault in table().iter().filter(|fault| needs_two_calls(fault)) {
        let correct = CorrectServer::new();
        let call = client::call(&fault.method, &[corpus::valid(&fault.method)]);
        let first = Observation::of(FaultyResponse::Reply(
            correct.handle_call(call.clone()).await,
        ));
        assert!(first.is_ok(), "{}", fault.id);
        assert_eq!(
            first,
            Observation::of(FaultyResponse::Reply(
                correct.handle_call(call.clone()).await
            ))
        );

        let mut other = corpus::valid(&fault.method);
        match fault.id.as_str() {
            "idempotency/other-body-accepted" => {
                other.set_field_by_name("amount_minor", prost_reflect::Value::I64(7));
            }
            "idempotency/absent-is-zero" => other.clear_field_by_name("tip_minor"),
            _ => {}
        }
        let correct = CorrectServer::new();
        let first = Observation::of(fault.behaviour.respond(call, &correct).await);
        let call = client::call(&fault.method, &[other]);
        let second = Observation::of(fault.behaviour.respond(call, &correct).await);
        if ignores_other_body(fault) {
            assert_eq!(first, second, "{}", fault.id);
        } else {
            assert_ne!(first, second, "{}", fault.id);
        }
    }
}

#[test]
fn fault_ids_are_unique() {
    let all: Vec<Fault> = table().into_iter().chain(unchecked_rules()).collect();
    let names: BTreeSet<&str> = all.iter().map(|fault| fault.id.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(find(server_behaviour::EXITS_PROCESS).is_some_and(|fault| fault.exits_process()));
    assert!(find("no/such-fault").is_none());
}

#[test]
fn every_phase_has_enough_faults() {
    let table = table();
    assert!(table.len() >= 60);
    let phases = [
        Phase::Baseline,
        Phase::Unset,
        Phase::Boundary,
        Phase::Wire,
        Phase::Behaviour,
        Phase::Sequences,
    ];
    for phase in phases {
        let faults = table
            .iter()
            .filter(|it| matches!(it.expectation, Expectation::DetectedBy(it, _) if it == phase));
        assert!(faults.count() >= 10, "{phase:?}");
    }
}
