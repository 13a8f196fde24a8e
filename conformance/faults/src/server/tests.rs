//! The correct server, asked by hand and compared with the runtime engine of
//! protovalidate, by which proofread judges.

use std::collections::BTreeSet;

use prost_protovalidate::{Error, Validator, ValidatorOption};
use prost_reflect::DynamicMessage;
use tonic::Code;

use super::{Listening, Right};
use crate::{client, corpus, faults, image, refusal::Named, runtime::NOT_STANDARD};

fn engine() -> Validator {
    let image = image::contract().to_vec();
    Validator::with_options(&[ValidatorOption::AdditionalDescriptorSetBytes(image)])
}

/// What is due; none where the engine can't say it, which is so for patterns of
/// bytes that are not UTF-8.
fn due(engine: &Validator, message: &DynamicMessage) -> Option<BTreeSet<Named>> {
    match engine.validate(message) {
        Ok(()) => Some(BTreeSet::new()),
        Err(Error::Validation(error)) => {
            let listed = error.to_proto().violations;
            let named = listed.iter().map(Named::read);
            Some(named.filter(|named| named.rule != NOT_STANDARD).collect())
        }
        Err(_) => None,
    }
}

#[test]
fn every_method_has_a_valid_request_in_the_corpus() {
    let engine = engine();
    let mut methods = BTreeSet::new();
    for path in corpus::methods() {
        let due = due(&engine, &corpus::valid(path));
        assert_eq!(due, Some(BTreeSet::new()), "{path}");
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
    let right = Right::new();
    for path in corpus::methods().filter(|path| !client::is_endless(path)) {
        let reply = right
            .answer(client::call(path, &[corpus::valid(path)]))
            .await;
        let missing = path.contains("Reservation") && reply.code() == Code::NotFound;
        assert!(
            reply.code() == Code::Ok || missing,
            "{path}: {:?}",
            reply.read_status()
        );
    }
}

/// Compiled validators and the runtime engine must agree, or a correct server is
/// impossible.
#[tokio::test]
async fn requests_are_refused_for_what_the_runtime_engine_says() {
    let right = Right::new();
    let engine = engine();
    let (mut requests, mut refused) = (0, 0);
    let mut different = Vec::new();
    for path in corpus::methods() {
        for message in corpus::requests(path) {
            let Some(due) = due(&engine, &message) else {
                continue;
            };
            if due.is_empty() && client::is_endless(path) {
                continue;
            }
            let reply = right
                .answer(client::call(path, std::slice::from_ref(&message)))
                .await;
            let told = match reply.refusal() {
                Some(refusal) if refusal.violations.violations.len() < due.len() => {
                    // Cut to the budget of the trailer.
                    assert!(
                        refusal.message.contains("not listed"),
                        "{}",
                        refusal.message
                    );
                    due.clone()
                }
                Some(refusal) => refusal
                    .violations
                    .violations
                    .iter()
                    .map(Named::read)
                    .collect(),
                None => BTreeSet::new(),
            };
            if told != due {
                different.push(format!(
                    "{path}\n  {message}\n  due {due:?}\n  told {told:?} {:?}",
                    reply.read_status().map(|it| it.message().to_owned())
                ));
            }
            requests += 1;
            refused += usize::from(!due.is_empty());
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
async fn methods_of_the_operator_ask_for_the_token() {
    let right = Right::new();
    let path = "/bookstore.inventory.v1.InventoryService/SetStock";
    let mut call = client::call(path, &[corpus::valid(path)]);
    call.headers.remove("authorization");
    assert_eq!(right.answer(call).await.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn servers_answer_over_a_socket_with_and_without_a_fault() {
    let path = "/rules.v1.StructureService/CheckLists";
    let call = || client::call(path, &[corpus::valid(path)]);
    let correct = Listening::start(None).await.expect("a port is free");
    let channel = rpc::Channel::connect(&correct.uri()).expect("the address is one");
    let answer = client::send(&channel, call()).await;
    assert!(answer.is_ok_and(|reply| reply.code() == Code::Ok));

    let fault = faults::find("answers/closes").expect("it is in the table");
    let faulty = Listening::start(Some(fault.into()))
        .await
        .expect("a port is free");
    let channel = rpc::Channel::connect(&faulty.uri()).expect("the address is one");
    assert!(client::send(&channel, call()).await.is_err());
}
