//! Each scenario against a server that is right and against ones that are wrong in
//! one way: the right claim fails, and no other.

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

/// The ids of the claims that fail, for some methods of the inventory.
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
    });
    let probe = Probe::connect(&target).await.expect("a server");
    let fixtures = Fixtures::default();
    let served = contract.methods().filter_map(|method| {
        let name = method.path.strip_prefix(SERVICE)?;
        methods.contains(&name).then(|| Served {
            method,
            valid: valid_requests(&derive(&contract, method, &fixtures).cases),
            authorised: true,
        })
    });
    let served: Vec<Served<'_>> = served.collect();
    assert_eq!(served.len(), methods.len());
    let context = Context {
        contract: &contract,
        oracle: &oracle,
        judge: &judge,
        probe: &probe,
        methods: &served,
        timeout: Duration::from_secs(5),
    };
    let observed = run(&context).await;
    let findings = observed.findings.into_iter();
    findings
        .map(|finding| finding.case.trim_start_matches("behaviour/").to_owned())
        .collect()
}

fn valid_requests(cases: &[Case]) -> Vec<DynamicMessage> {
    let accepted = cases.iter().filter_map(|case| match &case.send {
        Send::Messages(messages) if matches!(case.expect, Expect::Accepted) => {
            messages.first().cloned()
        }
        _ => None,
    });
    accepted.collect()
}

async fn with(fault: Fault, method: &str) -> Vec<String> {
    let server = plain_tonic_server(fault).await;
    failing(server, contract::IMAGE, &[method]).await
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_correct_server_keeps_every_claim() {
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
async fn paging_is_held_to_its_claims() {
    assert_eq!(with(Fault::None, "ListBooks").await, NOTHING);
    let overlap = with(Fault::PagesOverlap, "ListBooks").await;
    assert_eq!(overlap, ["paging/size-2", "paging/size-3"]);
    let ignored = with(Fault::SizeIgnored, "ListBooks").await;
    assert!(ignored.contains(&"paging/size-1".to_owned()), "{ignored:?}");
    let endless = with(Fault::PagesNeverEnd, "ListBooks").await;
    assert_eq!(endless, ["paging/big"]);
    let taken = with(Fault::AnyTokenTaken, "ListBooks").await;
    assert_eq!(taken, ["paging/bad-token"]);
}

#[tokio::test]
async fn equal_calls_that_differ_are_found() {
    let varying = with(Fault::AnswersVary, "GetBook").await;
    assert!(!varying.is_empty());
    assert!(varying.iter().all(|id| id == "repetition"), "{varying:?}");
}

#[tokio::test]
async fn replays_are_held_to_their_claims() {
    // This server asks for no credential.
    let replays = async |fault| {
        let mut failing = with(fault, "ReserveStock").await;
        failing.retain(|id| !id.starts_with("access/"));
        failing
    };
    assert_eq!(replays(Fault::None).await, NOTHING);
    let anew = replays(Fault::ReplayAnswersAnew).await;
    assert_eq!(anew, ["replay/same-body"]);
    let any = replays(Fault::ReplayTakesAnyBody).await;
    assert_eq!(any, ["replay/other-body"]);
}

#[tokio::test]
async fn a_missing_or_wrong_credential_must_be_refused() {
    let open = with(Fault::None, "SetStock").await;
    let expected = [
        "access/missing/valid",
        "access/wrong/valid",
        "access/missing/invalid",
        "access/wrong/invalid",
    ];
    assert_eq!(open, expected);
}

#[tokio::test]
async fn a_stream_that_outlives_its_deadline_is_found() {
    assert_eq!(with(Fault::None, "WatchStock").await, ["deadline/stream"]);
}

#[tokio::test]
async fn health_that_lies_is_found() {
    let lies = with(Fault::HealthLies, "GetBook").await;
    assert_eq!(lies, ["health/server", "health/watch"]);
}

#[tokio::test]
async fn reflection_that_says_something_else_is_found() {
    let server = book_server().await;
    // The contract calls a field by another name than the server does.
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
