//! Compares the correct server with protovalidate's runtime engine, which proofread uses
//! to judge responses.

use std::collections::BTreeSet;

use prost_protovalidate::{Error, Validator, ValidatorOption};
use prost_reflect::DynamicMessage;
use tonic::Code;

use super::CorrectServer;
use crate::{client, corpus, image, refusal::ViolationId, runtime_validator::NONSTANDARD_RULE};

fn engine() -> Validator {
    let image = image::contract().to_vec();
    Validator::with_options(&[ValidatorOption::AdditionalDescriptorSetBytes(image)])
}

/// The expected violations; `None` if the engine can't evaluate the rules, as for
/// patterns on bytes that are not UTF-8.
fn expected(engine: &Validator, message: &DynamicMessage) -> Option<BTreeSet<ViolationId>> {
    match engine.validate(message) {
        Ok(()) => Some(BTreeSet::new()),
        Err(Error::Validation(error)) => {
            let listed = error.to_proto().violations;
            let ids = listed.iter().map(ViolationId::read);
            Some(
                ids.filter(|violation| violation.rule != NONSTANDARD_RULE)
                    .collect(),
            )
        }
        Err(_) => None,
    }
}

#[test]
fn every_method_has_a_valid_request_in_the_corpus() {
    let engine = engine();
    let mut methods = BTreeSet::new();
    for path in corpus::methods() {
        let expected = expected(&engine, &corpus::valid(path));
        assert_eq!(expected, Some(BTreeSet::new()), "{path}");
        methods.insert(path.to_owned());
    }
    let services = image::pool().services();
    let served = services.flat_map(|service| {
        let paths = service
            .methods()
            .map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name()));
        paths.collect::<Vec<_>>()
    });
    assert_eq!(methods, served.collect());
}

#[tokio::test]
async fn valid_requests_are_accepted_or_fail_as_declared() {
    let correct = CorrectServer::new();
    for path in corpus::methods().filter(|path| !client::is_endless(path)) {
        let reply = correct
            .handle_call(client::call(path, &[corpus::valid(path)]))
            .await;
        let names_missing = ["Reservation", "Note", "Tag"];
        let names_missing = names_missing.iter().any(|name| path.ends_with(name));
        let missing = names_missing && reply.code() == Code::NotFound;
        assert!(
            reply.code() == Code::Ok || missing,
            "{path}: {:?}",
            reply.read_status()
        );
    }
}

/// Generated validators and the runtime engine must agree, otherwise no server could be
/// correct.
#[tokio::test]
async fn violations_match_the_runtime_engine() {
    let correct = CorrectServer::new();
    let engine = engine();
    let (mut requests, mut refused) = (0, 0);
    let mut different = Vec::new();
    for path in corpus::methods() {
        for message in corpus::requests(path) {
            let Some(expected) = expected(&engine, &message) else {
                continue;
            };
            if expected.is_empty() && client::is_endless(path) {
                continue;
            }
            let reply = correct
                .handle_call(client::call(path, std::slice::from_ref(&message)))
                .await;
            let reported = match reply.refusal() {
                Some(refusal) if refusal.violations.violations.len() < expected.len() => {
                    // Truncated to the maximum size of the trailers.
                    assert!(
                        refusal.message.contains("not listed"),
                        "{}",
                        refusal.message
                    );
                    expected.clone()
                }
                Some(refusal) => refusal
                    .violations
                    .violations
                    .iter()
                    .map(ViolationId::read)
                    .collect(),
                None => BTreeSet::new(),
            };
            if reported != expected {
                different.push(format!(
                    "{path}\n  {message}\n  expected {expected:?}\n  reported {reported:?} {:?}",
                    reply.read_status().map(|it| it.message().to_owned())
                ));
            }
            requests += 1;
            refused += usize::from(!expected.is_empty());
        }
    }
    assert!(
        different.is_empty(),
        "{} of {requests}:\n{}",
        different.len(),
        different.join("\n")
    );
    println!("{requests} requests, {refused} to be refused");
    assert!(refused > 3000, "{refused} of {requests}");
}

#[tokio::test]
async fn operator_methods_require_the_token() {
    let correct = CorrectServer::new();
    let path = "/bookstore.inventory.v1.InventoryService/SetStock";
    let mut call = client::call(path, &[corpus::valid(path)]);
    call.headers.remove("authorization");
    assert_eq!(
        correct.handle_call(call).await.code(),
        Code::Unauthenticated
    );
}
