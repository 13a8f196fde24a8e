//! Complete runs against small real servers: a correct one, and ones that hang, drop
//! connections or crash.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use prost::Message;

use super::*;
use crate::{
    contract::Contract,
    finding::FindingKind,
    probe::{
        Metadata, Probe, Target, frame,
        tests::servers::{
            Fault, Misbehaviour, TOKEN, book_server, misbehaving_server, plain_tonic_server,
        },
    },
    profile::{Details, Profile},
};

const INVENTORY: &str = "/bookstore.inventory.v1.InventoryService/";

fn bookstore() -> Contract {
    Contract::decode(contract::IMAGE).expect("our own contract")
}

fn profile() -> Profile {
    let tonic = Profile::named("tonic").expect("built in");
    tonic
        .with_details(Details::Both)
        .with_trailer_limit(4 * 1024)
}

fn target_with_operator_token(uri: String) -> Target {
    let mut target = Target::new(uri);
    target.metadata.push(Metadata {
        key: "authorization".to_owned(),
        value: format!("Bearer {TOKEN}").into_bytes(),
        methods: None,
        ..Metadata::default()
    });
    target
}

fn plan<'p>(contract: &'p Contract, probe: &'p Probe, methods: &[&str]) -> Plan<'p> {
    let mut plan = Plan::new(contract, probe, profile());
    plan.timeout = Duration::from_secs(5);
    plan.grace = Duration::from_millis(300);
    plan.methods.retain(|method| {
        let name = method.path.strip_prefix(INVENTORY);
        name.is_some_and(|name| methods.is_empty() || methods.contains(&name))
    });
    plan
}

/// The content of a report as text, for the messages of failed assertions.
fn lines(report: &Report) -> String {
    let findings = report.findings.iter().map(|found| {
        let it = &found.finding;
        format!(
            "{:?} {} {} x{}: {}\n  expected {}\n  observed {}",
            it.kind, it.method, it.case, found.count, it.intent, it.expected, it.observed
        )
    });
    let notes = |notes: &[Note]| {
        let lines = notes.iter().map(|it| format!("{}: {}", it.about, it.text));
        lines.collect::<Vec<_>>().join("\n")
    };
    format!(
        "{}\nuncovered {}\ndefects {}\nremarks {:?}\nstopped {:?}",
        findings.collect::<Vec<_>>().join("\n"),
        notes(&report.uncovered),
        notes(&report.defects),
        report.remarks,
        report.stopped
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn correct_server_has_no_finding_in_any_phase() {
    let server = book_server().await;
    let contract = bookstore();
    let probe = Probe::connect(&target_with_operator_token(server.uri())).await;
    let probe = probe.expect("the server is there");
    let plan = plan(&contract, &probe, &[]);
    let events = Mutex::new(0_u64);
    let report = run(&plan, &Fixtures::default(), |event| {
        if let Event::Case { cases, .. } = event {
            *events.lock().expect("no panic") = cases;
        }
    })
    .await;
    assert!(report.findings.is_empty(), "{}", lines(&report));
    assert_eq!(report.stopped, None, "{}", lines(&report));
    let phases: BTreeSet<Phase> = report.counts.iter().map(|count| count.phase).collect();
    assert_eq!(phases.len(), 6, "{}", lines(&report));
    assert!(report.cases > 1000 && !report.exercised.is_empty());
    let sent: u64 = report.counts.iter().map(|count| count.sent).sum();
    assert_eq!(report.cases, sent);
    println!(
        "{}\n{} cases in {} s",
        lines(&report),
        report.cases,
        report.seconds
    );
}

/// The layers of our own servers make tonic stricter; the profile must also hold for a
/// server without them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_tonic_server_has_no_finding() {
    let contract = bookstore();
    let probe = Probe::connect(&target_with_operator_token(
        plain_tonic_server(Fault::None).await,
    ))
    .await;
    let probe = probe.expect("the server is there");
    // This server checks no credentials, so the methods that require one are left out.
    // So are streams: they do not end at their deadline, which is a correct finding.
    let open = ["GetBook", "BatchGetBooks", "ListBooks", "SearchBooks"];
    let mut plan = plan(&contract, &probe, &open);
    plan.random = 20;
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    assert!(report.findings.is_empty(), "{}", lines(&report));
}

#[tokio::test]
async fn without_credential_only_the_refusal_is_tested() {
    let server = book_server().await;
    let contract = bookstore();
    let probe = Probe::connect(&Target::new(server.uri())).await;
    let probe = probe.expect("the server is there");
    let plan = plan(&contract, &probe, &["GetBook", "SetStock"]);
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    assert!(report.findings.is_empty(), "{}", lines(&report));
    let about = format!("{INVENTORY}SetStock");
    let uncovered = report.uncovered.iter().any(|note| note.about == about);
    assert!(uncovered, "{}", lines(&report));
    let phases = report.counts.iter().filter(|count| count.method == about);
    let phases: Vec<Phase> = phases.map(|count| count.phase).collect();
    assert_eq!(phases, [Phase::Behaviour]);
}

#[tokio::test]
async fn request_that_breaks_the_connection_is_named() {
    let contract = bookstore();
    let trigger = frame(0, &[]);
    let address = misbehaving_server(Misbehaviour::CloseConnectionOn(trigger.clone())).await;
    let probe = Probe::connect(&Target::new(address)).await;
    let probe = probe.expect("it speaks HTTP/2");
    let mut plan = plan(&contract, &probe, &["GetBook"]);
    plan.phases = [Phase::Unset, Phase::Boundary].into();
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    let crashes: Vec<_> = report
        .findings
        .iter()
        .filter(|found| found.finding.kind == FindingKind::Crash)
        .collect();
    assert!(!crashes.is_empty(), "{}", lines(&report));
    for crash in crashes {
        assert_eq!(crash.finding.sent, trigger, "{}", lines(&report));
        assert!(crash.finding.observed.contains("each time"));
    }
}

#[tokio::test]
async fn crashed_server_ends_the_run_and_the_cause_is_named() {
    let contract = bookstore();
    let trigger = frame(0, &[]);
    let address = misbehaving_server(Misbehaviour::StopListeningOn(trigger.clone())).await;
    let probe = Probe::connect(&Target::new(address)).await;
    let probe = probe.expect("it speaks HTTP/2");
    let mut plan = plan(&contract, &probe, &["GetBook"]);
    plan.phases = [Phase::Unset, Phase::Boundary].into();
    plan.in_flight = 1;
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    assert_eq!(report.stopped.as_deref(), Some("the server went away"));
    let crash = report
        .findings
        .iter()
        .find(|found| found.finding.kind == FindingKind::Crash);
    let crash = crash.unwrap_or_else(|| panic!("no crash: {}", lines(&report)));
    assert_eq!(crash.finding.sent, trigger, "{}", lines(&report));
}

#[tokio::test]
async fn interrupted_run_keeps_its_findings() {
    let server = book_server().await;
    let contract = bookstore();
    let probe = Probe::connect(&target_with_operator_token(server.uri())).await;
    let probe = probe.expect("the server is there");
    let mut plan = plan(&contract, &probe, &["GetBook"]);
    plan.profile = profile().with_trailer_limit(10);
    plan.random = 1_000_000;
    let enough = tokio::sync::Notify::new();
    let fixtures = Fixtures::default();
    let source = ContractCases::new(plan.contract, &fixtures);
    let events = |event| {
        if matches!(event, Event::Case { cases: 500, .. }) {
            enough.notify_one();
        }
    };
    let report = run_until(&plan, &source, events, enough.notified()).await;
    assert_eq!(report.stopped.as_deref(), Some(INTERRUPTED));
    assert!(!report.findings.is_empty() && report.cases < 100_000);
}

#[tokio::test]
async fn hanging_server_ends_the_run() {
    let contract = bookstore();
    let address = misbehaving_server(Misbehaviour::NoAnswer).await;
    let probe = Probe::connect(&Target::new(address)).await;
    let probe = probe.expect("it speaks HTTP/2");
    let mut plan = plan(&contract, &probe, &["GetBook"]);
    plan.timeout = Duration::from_millis(50);
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    let stopped = report.stopped.clone().unwrap_or_default();
    assert!(stopped.contains("hangs"), "{}", lines(&report));
    let first = report.findings.first().map(|found| found.finding.kind);
    assert_eq!(first, Some(FindingKind::Crash));
}

#[tokio::test]
async fn undecodable_status_details_are_found() {
    let contract = bookstore();
    let undecodable = vec![
        ("grpc-status", "3".to_owned()),
        ("grpc-status-details-bin", "///".to_owned()),
    ];
    let address = misbehaving_server(Misbehaviour::Trailers(undecodable)).await;
    let probe = Probe::connect(&Target::new(address)).await;
    let probe = probe.expect("it speaks HTTP/2");
    let mut plan = plan(&contract, &probe, &["GetBook"]);
    plan.phases = [Phase::Unset].into();
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    let kinds: BTreeSet<FindingKind> = report
        .findings
        .iter()
        .map(|found| found.finding.kind)
        .collect();
    let expected = [FindingKind::ValidRefused, FindingKind::WrongDetails];
    assert_eq!(kinds, expected.into(), "{}", lines(&report));
}

#[tokio::test]
async fn unserved_service_is_no_failure() {
    let contract = bookstore();
    let unimplemented = vec![("grpc-status", "12".to_owned())];
    let address = misbehaving_server(Misbehaviour::Trailers(unimplemented)).await;
    let probe = Probe::connect(&Target::new(address)).await;
    let probe = probe.expect("it speaks HTTP/2");
    let plan = plan(&contract, &probe, &[]);
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    assert!(report.findings.is_empty(), "{}", lines(&report));
    assert!(!report.uncovered.is_empty());
    let sent: u64 = report.counts.iter().map(|count| count.sent).sum();
    assert_eq!(report.cases, sent);
}

#[tokio::test]
async fn unimplemented_required_method_is_a_failure() {
    let contract = bookstore();
    let unimplemented = vec![("grpc-status", "12".to_owned())];
    let address = misbehaving_server(Misbehaviour::Trailers(unimplemented)).await;
    let probe = Probe::connect(&Target::new(address)).await;
    let probe = probe.expect("it speaks HTTP/2");
    let mut plan = plan(&contract, &probe, &["GetBook", "ListBooks"]);
    plan.phases = [Phase::Unset].into();
    let required = format!("{INVENTORY}GetBook");
    plan.required.insert(required.clone());
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    let found: Vec<(&str, FindingKind)> = report
        .findings
        .iter()
        .map(|found| (found.finding.method.as_str(), found.finding.kind))
        .collect();
    let expected = [(required.as_str(), FindingKind::UndeclaredError)];
    assert_eq!(found, expected, "{}", lines(&report));
}

/// All failures are kept up to the limit, the first of a group before the others.
#[tokio::test]
async fn failures_are_kept_in_order_up_to_the_limit() {
    let server = book_server().await;
    let contract = bookstore();
    let probe = Probe::connect(&target_with_operator_token(server.uri())).await;
    let probe = probe.expect("the server is there");
    let mut plan = plan(&contract, &probe, &["GetBook", "ListBooks"]);
    plan.phases = [Phase::Unset, Phase::Boundary, Phase::Random].into();
    plan.random = 50;
    plan.profile = profile().with_trailer_limit(10);
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    let count: u64 = report.findings.iter().map(|found| found.count).sum();
    assert!(count > 50, "{}", lines(&report));
    assert_eq!(
        (report.kept_findings().count() as u64, report.left_out()),
        (count, 0)
    );
    for found in &report.findings {
        assert_eq!(found.alike.len() as u64 + 1, found.count);
    }
    let mut kept = report.kept_findings();
    for found in &report.findings {
        assert_eq!(kept.next(), Some(&found.finding));
        assert!(found.alike.iter().all(|alike| kept.next() == Some(alike)));
    }

    plan.random = 3_000;
    let report = run(&plan, &Fixtures::default(), |_| ()).await;
    let count: u64 = report.findings.iter().map(|found| found.count).sum();
    assert_eq!(report.kept_findings().count(), Report::MAX_KEPT);
    assert_eq!(report.left_out(), count - Report::MAX_KEPT as u64);
}

#[tokio::test]
async fn rate_budget_and_stop_after_limit_the_run() {
    let server = book_server().await;
    let contract = bookstore();
    let probe = Probe::connect(&target_with_operator_token(server.uri())).await;
    let probe = probe.expect("the server is there");
    let mut slow = plan(&contract, &probe, &["GetBook"]);
    slow.rate = Some(50);
    slow.budget = Some(Duration::from_millis(500));
    let report = run(&slow, &Fixtures::default(), |_| ()).await;
    assert_eq!(report.stopped.as_deref(), Some("the time is up"));
    assert!((2..=30).contains(&report.cases), "{} cases", report.cases);
    assert!(report.seconds < 2.0, "{} s", report.seconds);

    let mut strict = plan(&contract, &probe, &["GetBook"]);
    strict.profile = profile().with_trailer_limit(10);
    strict.stop_after = Some(3);
    let report = run(&strict, &Fixtures::default(), |_| ()).await;
    assert_eq!(report.stopped.as_deref(), Some("enough cases have failed"));
}

#[tokio::test]
async fn runs_with_the_same_plan_have_the_same_report() {
    let server = book_server().await;
    let contract = bookstore();
    let probe = Probe::connect(&target_with_operator_token(server.uri())).await;
    let probe = probe.expect("the server is there");
    let mut plan = plan(&contract, &probe, &["GetBook", "ListBooks"]);
    // A trailer limit of 10 bytes makes every case fail.
    plan.profile = profile().with_trailer_limit(10);
    let first = run(&plan, &Fixtures::default(), |_| ()).await;
    let second = run(&plan, &Fixtures::default(), |_| ()).await;
    assert!(!first.findings.is_empty());
    assert_eq!(first.counts, second.counts);
    let about = |report: &Report| -> Vec<(String, Vec<String>, u64)> {
        let found = report.findings.iter();
        let ids = |it: &FindingGroup| it.alike.iter().map(|it| it.case.clone()).collect();
        found
            .map(|it| (it.finding.case.clone(), ids(it), it.count))
            .collect()
    };
    assert_eq!(about(&first), about(&second));
}

#[test]
fn sent_bytes_include_the_frame_header() {
    // `Finding::sent` and `replay` both use these bytes.
    let message = contract::bookstore::inventory::v1::GetBookRequest { book_id: 1 };
    let framed = frame(0, &message.encode_to_vec());
    assert_eq!(framed, [0, 0, 0, 0, 2, 8, 1]);
}
