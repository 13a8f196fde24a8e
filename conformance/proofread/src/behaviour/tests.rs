//! Each scenario against a correct server, and against servers with one fault each:
//! exactly the claim about that fault must fail.

use super::*;
use crate::{
    cases::{Fixtures, derive},
    probe::{
        Metadata, Target,
        tests::servers::{Fault, TOKEN, book_server, plain_tonic_server},
    },
    profile::Profile,
};

const SERVICE: &str = "/bookstore.inventory.v1.InventoryService/";

/// The ids of the claims that fail for the given methods of InventoryService.
async fn failing(uri: String, image: &[u8], methods: &[&str]) -> Vec<String> {
    let contract = Contract::decode(image).expect("a contract");
    let oracle = Oracle::new(&contract);
    let profile = Profile::named("tonic").expect("built in");
    let judge = Judge::new(&contract, &oracle, &profile);
    let mut target = Target::new(uri);
    target.metadata.push(Metadata {
        key: "authorization".to_owned(),
        value: format!("Bearer {TOKEN}").into_bytes(),
        methods: None,
        ..Metadata::default()
    });
    let probe = Probe::connect(&target).await.expect("a server");
    let fixtures = Fixtures::default();
    let served = contract.methods().filter_map(|method| {
        let name = method.path.strip_prefix(SERVICE)?;
        methods.contains(&name).then(|| ServedMethod {
            method,
            valid: valid_requests(&derive(&contract, method, &fixtures).cases),
            refused: Vec::new(),
            authorised: true,
        })
    });
    let served: Vec<ServedMethod<'_>> = served.collect();
    assert_eq!(served.len(), methods.len());
    let context = Context {
        contract: &contract,
        oracle: &oracle,
        judge: &judge,
        probe: &probe,
        methods: &served,
        timeout: Duration::from_secs(5),
    };
    let results = run(&context).await;
    let findings = results.findings.into_iter();
    findings
        .map(|finding| finding.case.trim_start_matches("behaviour/").to_owned())
        .collect()
}

fn valid_requests(cases: &[Case]) -> Vec<DynamicMessage> {
    let accepted = cases.iter().filter_map(|case| match &case.send {
        Payload::Messages(messages) if matches!(case.expect, Expect::Accepted) => {
            messages.first().cloned()
        }
        _ => None,
    });
    accepted.collect()
}

async fn failing_with(fault: Fault, method: &str) -> Vec<String> {
    let server = plain_tonic_server(fault).await;
    failing(server, contract::IMAGE, &[method]).await
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn correct_server_fails_no_claim() {
    let server = book_server().await;
    let methods = [
        "GetBook",
        "ListBooks",
        "ImportBooks",
        "SetStock",
        "ReserveStock",
        "WatchStock",
    ];
    let failing = failing(server.uri(), contract::IMAGE, &methods).await;
    assert_eq!(failing, NOTHING);
}

#[tokio::test]
async fn paging_faults_are_found() {
    assert_eq!(failing_with(Fault::None, "ListBooks").await, NOTHING);
    let overlap = failing_with(Fault::OverlappingPages, "ListBooks").await;
    assert_eq!(overlap, ["paging/size-2", "paging/size-3"]);
    let ignored = failing_with(Fault::PageSizeIgnored, "ListBooks").await;
    assert!(ignored.contains(&"paging/size-1".to_owned()), "{ignored:?}");
    let endless = failing_with(Fault::EndlessPages, "ListBooks").await;
    assert_eq!(endless, ["paging/big"]);
    let accepted = failing_with(Fault::AnyPageTokenAccepted, "ListBooks").await;
    assert_eq!(accepted, ["paging/bad-token"]);
}

#[tokio::test]
async fn list_that_others_change_between_its_pages_is_no_fault() {
    assert_eq!(failing_with(Fault::BookRemoved, "ListBooks").await, NOTHING);
}

#[tokio::test]
async fn different_answers_to_equal_calls_are_found() {
    let varying = failing_with(Fault::AnswersDiffer, "GetBook").await;
    assert!(!varying.is_empty());
    assert!(
        varying.iter().all(|id| id == "repeated-reads"),
        "{varying:?}"
    );
}

#[tokio::test]
async fn idempotency_key_faults_are_found() {
    // This server checks no credentials, which is another finding.
    let replays = async |fault| {
        let mut failing = failing_with(fault, "ReserveStock").await;
        failing.retain(|id| !id.starts_with("access/"));
        failing
    };
    assert_eq!(replays(Fault::None).await, NOTHING);
    let executed = replays(Fault::ReplayExecutedAgain).await;
    assert_eq!(executed, ["idempotency-key/same-body"]);
    let any_body = replays(Fault::ReplayAcceptsAnyBody).await;
    assert_eq!(any_body, ["idempotency-key/other-body"]);
}

#[tokio::test]
async fn accepted_missing_and_wrong_credentials_are_found() {
    let unprotected = failing_with(Fault::None, "SetStock").await;
    let expected = [
        "access/missing/valid",
        "access/wrong/valid",
        "access/missing/invalid",
        "access/wrong/invalid",
    ];
    assert_eq!(unprotected, expected);
}

#[tokio::test]
async fn stream_that_continues_after_its_deadline_is_found() {
    assert_eq!(
        failing_with(Fault::None, "WatchStock").await,
        ["deadline/stream"]
    );
}

#[tokio::test]
async fn wrong_health_is_found() {
    let failing = failing_with(Fault::WrongHealth, "GetBook").await;
    assert_eq!(failing, ["health/server", "health/watch"]);
}

#[tokio::test]
async fn different_definition_by_reflection_is_found() {
    let server = book_server().await;
    // In this contract a field has another name than on the server.
    let (old, new) = (b"publication_year", b"publication_yeas");
    let mut image = contract::IMAGE.to_vec();
    for at in 0..image.len() - old.len() {
        if image[at..].starts_with(old) {
            image[at..at + new.len()].copy_from_slice(new);
        }
    }
    let failing = failing(server.uri(), &image, &["GetBook"]).await;
    assert_eq!(failing, ["reflection/defines/bookstore.inventory.v1.Book"]);
}
