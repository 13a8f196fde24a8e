//! Each fault, asked by hand: it changes an answer, and as its claim says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderValue;
use proofread::{case::Phase, finding::FindingKind};
use prost::Message;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_request::MessageRequest,
};

use super::{Answer, Claim, Fault, behaviour, find, sweep, table};
use crate::{
    call::{Call, Reply},
    client, corpus,
    server::Right,
};

/// What a caller sees of an answer.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Reply(Box<Reply>),
    Broken,
    Nothing,
}

impl Seen {
    fn of(answer: Answer) -> Self {
        match answer {
            Answer::Reply(mut reply) => {
                reply.headers.remove("x-request-id");
                Self::Reply(Box::new(reply))
            }
            Answer::Stream(_) | Answer::Reset | Answer::Close => Self::Broken,
            Answer::Silence => Self::Nothing,
        }
    }

    fn is_ok(&self) -> bool {
        matches!(self, Self::Reply(reply) if reply.code() == Code::Ok)
    }

    fn is_refusal(&self) -> bool {
        matches!(self, Self::Reply(reply) if reply.refusal().is_some())
    }
}

/// The calls to which a fault may show itself.
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
    for bytes in corpus::raw(path) {
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
    let mut stranger = plain.clone();
    stranger.headers.remove("authorization");
    calls.push(stranger.clone());
    calls.push(stranger.clone().with_messages(vec![Bytes::new()]));
    stranger
        .headers
        .insert("authorization", HeaderValue::from_static("Bearer me"));
    calls.push(stranger);
    let mut made_up = plain.clone();
    made_up.path.push('y');
    calls.push(made_up);
    let framed = crate::call::frame(&plain.messages);
    calls.push(plain.clone().with_body(&framed.slice(..framed.len() - 1)));
    let compressed = [&[1], &framed[1..]].concat();
    calls.push(plain.with_body(&compressed.into()));
    calls
}

/// The calls for pages: from the first to the last, and odd ones.
fn pages() -> Vec<Call> {
    use crate::rules::v1::ListThingsRequest;
    let tokens = ["", "from-2", "from-3", "from-5", "from-10", "nonsense"];
    let requests = tokens.iter().flat_map(|token| {
        [0, 2, 5, 100].map(|page_size| ListThingsRequest {
            page_size,
            page_token: (*token).to_owned(),
        })
    });
    let path = "/rules.v1.ShelfService/ListThings";
    let plain = client::call(path, &[]);
    requests
        .map(|it| plain.clone().with_messages(vec![it.encode_to_vec().into()]))
        .collect()
}

/// Calls that ask for health and reflection.
fn housekeeping() -> Vec<Call> {
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
        check("rules.v1.TextService"),
        check("no.such.Service"),
        reflect(MessageRequest::ListServices(String::new())),
        reflect(MessageRequest::FileContainingSymbol(
            "rules.v1.Checked".to_owned(),
        )),
        reflect(MessageRequest::FileContainingSymbol(
            "rules.v1.CheckTextsRequest".to_owned(),
        )),
    ]
}

async fn right_answers(calls: &[Call]) -> Vec<Seen> {
    let right = Right::new();
    let mut seen = Vec::new();
    for call in calls {
        seen.push(Seen::of(Answer::Reply(right.answer(call.clone()).await)));
    }
    seen
}

/// The calls for a fault and how the correct server answers them.
struct Asked {
    by_method: BTreeMap<&'static str, (Vec<Call>, Vec<Seen>)>,
    others: (Vec<Call>, Vec<Seen>),
}

impl Asked {
    async fn new() -> Self {
        let mut by_method = BTreeMap::new();
        for path in corpus::methods().filter(|path| !client::is_endless(path)) {
            let calls = calls(path);
            let right = right_answers(&calls).await;
            by_method.insert(path, (calls, right));
        }
        let others = [pages(), housekeeping()].concat();
        let right = right_answers(&others).await;
        Self {
            by_method,
            others: (others, right),
        }
    }

    /// Pairs of right and wrong answers that differ.
    async fn differences(&self, fault: &Fault) -> Vec<(Seen, Seen)> {
        let right = Right::new();
        let mut different = Vec::new();
        let all = self.by_method.values().chain([&self.others]);
        for (calls, expected) in all {
            for (call, expected) in calls.iter().zip(expected) {
                if !fault.concerns(&call.path) || (is_rule(fault) && !expected.is_refusal()) {
                    continue;
                }
                let answer = fault.wrong.answer(call.clone(), &right);
                let answer = tokio::time::timeout(Duration::from_millis(300), answer).await;
                let seen = Seen::of(answer.unwrap_or(Answer::Silence));
                if seen != *expected {
                    different.push((expected.clone(), seen));
                    if shows(fault, &different) {
                        return different;
                    }
                }
            }
        }
        different
    }
}

fn is_rule(fault: &Fault) -> bool {
    matches!(fault.claim, Claim::Caught(_, FindingKind::RuleNotChecked))
}

/// Whether the answers differ in the way that the fault claims.
fn shows(fault: &Fault, different: &[(Seen, Seen)]) -> bool {
    let Claim::Caught(_, kind) = fault.claim else {
        return !different.is_empty();
    };
    different.iter().any(|(right, wrong)| match kind {
        FindingKind::RuleNotChecked => right.is_refusal() && wrong.is_ok(),
        FindingKind::ValidRefused => right.is_ok() && !wrong.is_ok(),
        FindingKind::WrongViolations | FindingKind::WrongDetails => {
            right.is_refusal() && !wrong.is_ok()
        }
        FindingKind::BadResponse => right.is_ok() || wrong.is_ok(),
        _ => true,
    })
}

/// Faults of calls that are repeated show themselves over two calls.
fn is_about_repeating(fault: &Fault) -> bool {
    fault.id.starts_with("replay/")
}

/// Faults that show themselves to a caller that hangs up, or to one that waits, or
/// to none that lives.
fn needs_a_socket(fault: &Fault) -> bool {
    let named = [
        "behaviour/cancelled-for-good",
        "behaviour/stream-outlives-deadline",
    ];
    fault.kills() || named.contains(&fault.id.as_str())
}

#[tokio::test]
async fn every_fault_changes_an_answer_as_it_claims() {
    let asked = Asked::new().await;
    let mut silent = Vec::new();
    let (mut tabled, mut swept) = (0, 0);
    for fault in table() {
        tabled += 1;
        if needs_a_socket(&fault) || is_about_repeating(&fault) {
            continue;
        }
        if !shows(&fault, &asked.differences(&fault).await) {
            silent.push(fault.id);
        }
    }
    for fault in sweep()
        .into_iter()
        .filter(|fault| !client::is_endless(&fault.method))
    {
        swept += 1;
        if !shows(&fault, &asked.differences(&fault).await) {
            silent.push(fault.id);
        }
    }
    println!("{tabled} in the table, {swept} in the sweep");
    assert!(
        silent.is_empty(),
        "{} faults show nothing:\n{}",
        silent.len(),
        silent.join("\n")
    );
}

fn other_is_same(fault: &Fault) -> bool {
    ["replay/other-body-accepted", "replay/absent-is-zero"].contains(&fault.id.as_str())
}

#[tokio::test]
async fn repeated_calls_are_answered_again_by_the_correct_server_only() {
    for fault in table().iter().filter(|fault| is_about_repeating(fault)) {
        let right = Right::new();
        let call = client::call(&fault.method, &[corpus::valid(&fault.method)]);
        let first = Seen::of(Answer::Reply(right.answer(call.clone()).await));
        assert!(first.is_ok(), "{}", fault.id);
        assert_eq!(
            first,
            Seen::of(Answer::Reply(right.answer(call.clone()).await))
        );

        let mut other = corpus::valid(&fault.method);
        match fault.id.as_str() {
            "replay/other-body-accepted" => {
                other.set_field_by_name("amount_minor", prost_reflect::Value::I64(7));
            }
            "replay/absent-is-zero" => other.clear_field_by_name("tip_minor"),
            _ => {}
        }
        let right = Right::new();
        let first = Seen::of(fault.wrong.answer(call, &right).await);
        let call = client::call(&fault.method, &[other]);
        let second = Seen::of(fault.wrong.answer(call, &right).await);
        match other_is_same(fault) {
            true => assert_eq!(first, second, "{}", fault.id),
            false => assert_ne!(first, second, "{}", fault.id),
        }
    }
}

#[test]
fn every_fault_has_a_name_of_its_own() {
    let all: Vec<Fault> = table().into_iter().chain(sweep()).collect();
    let names: BTreeSet<&str> = all.iter().map(|fault| fault.id.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(find(behaviour::KILLS).is_some_and(|fault| fault.kills()));
    assert!(find("no/such-fault").is_none());
}

#[test]
fn every_phase_claims_enough_faults() {
    let table = table();
    assert!(table.len() >= 60);
    let phases = [
        Phase::Baseline,
        Phase::Unset,
        Phase::Boundary,
        Phase::Wire,
        Phase::Behaviour,
    ];
    for phase in phases {
        let claimed = table
            .iter()
            .filter(|it| matches!(it.claim, Claim::Caught(it, _) if it == phase));
        assert!(claimed.count() >= 10, "{phase:?}");
    }
}
