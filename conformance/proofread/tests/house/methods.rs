//! Every method says whether it may be repeated, how it fails, how its pages join.

use proofread::contract::Code;
use prost_protovalidate_types::{field_rules::Type, string_rules::WellKnown};
use prost_reflect::Kind;

use super::*;

/// Methods that do not say whether a call may be repeated. IDEMPOTENCY_UNKNOWN
/// written out is an answer: SignIn can't tell its token twice.
fn without_idempotency(held: &Held<'_>) -> Vec<String> {
    let methods = held.methods();
    let silent = methods.filter(|method| {
        let proto = method.descriptor.method_descriptor_proto();
        let options = proto.options.as_ref();
        options.is_none_or(|options| options.idempotency_level.is_none())
    });
    silent.map(place_of_method).collect()
}

/// Methods that declare no error, neither of their own nor of their service: each
/// call can at least meet an overloaded server or a deadline.
fn without_errors(held: &Held<'_>) -> Vec<String> {
    let services = held
        .services()
        .filter(|service| service.common_errors.is_empty());
    let methods = services.flat_map(|service| &service.methods);
    let silent = methods.filter(|method| method.errors.is_empty());
    silent.map(place_of_method).collect()
}

/// Methods that ask for a credential and do not declare what happens without it.
fn without_refusal(held: &Held<'_>) -> Vec<String> {
    const UNAUTHENTICATED: Code = Code(16);
    let mut offenders = Vec::new();
    for service in held.services() {
        for method in &service.methods {
            let mut errors = method.errors.iter().chain(&service.common_errors);
            if method.access.is_some() && !errors.any(|error| error.code == UNAUTHENTICATED) {
                let place = place_of_method(method);
                offenders.push(format!("{place}: declares no UNAUTHENTICATED"));
            }
        }
    }
    offenders
}

fn find<'c>(held: &Held<'c>, message: &str, field: &str) -> Option<&'c Field> {
    let message = held.contract.message(message)?;
    message.fields.iter().find(|found| found.name == field)
}

/// The fields that join the pages of a list, where they are not there or not of
/// the type that they must have.
fn wrong_paging(held: &Held<'_>) -> Vec<String> {
    type Check = fn(&Field) -> bool;
    let is_string: Check =
        |field| field.descriptor.kind() == Kind::String && !field.descriptor.is_list();
    let is_size: Check =
        |field| field.descriptor.kind() == Kind::Int32 && !field.descriptor.is_list();
    let is_list: Check = |field| field.descriptor.is_list();
    let mut offenders = Vec::new();
    for method in held.methods() {
        let Some(paging) = &method.paging else {
            continue;
        };
        let (request, response) = (&method.request, &method.response);
        let expected = [
            (request, &paging.size_field, "an int32", is_size),
            (request, &paging.token_field, "a string", is_string),
            (response, &paging.items_field, "a list", is_list),
            (response, &paging.next_token_field, "a string", is_string),
        ];
        for (message, name, what, check) in expected {
            if !find(held, message, name).is_some_and(check) {
                let place = place_of_method(method);
                offenders.push(format!("{place}: {message}.{name} is not {what}"));
            }
        }
    }
    offenders
}

/// Replay keys that are not a field of the request, not a UUID, or without the
/// error that the same key with another body gives.
fn wrong_idempotency_keys(held: &Held<'_>) -> Vec<String> {
    const ALREADY_EXISTS: Code = Code(6);
    let mut offenders = Vec::new();
    for method in held.methods() {
        let Some(key) = &method.idempotency_key else {
            continue;
        };
        let place = place_of_method(method);
        if !find(held, &method.request, key).is_some_and(is_uuid) {
            offenders.push(format!("{place}: {}.{key} is not a UUID", method.request));
        }
        let mut errors = method.errors.iter();
        if !errors.any(|error| error.code == ALREADY_EXISTS) {
            offenders.push(format!("{place}: declares no ALREADY_EXISTS"));
        }
    }
    offenders
}

fn is_uuid(field: &Field) -> bool {
    let rules = field
        .rules
        .as_ref()
        .and_then(|rules| rules.standard.r#type.as_ref());
    matches!(rules, Some(Type::String(rules)) if rules.well_known == Some(WellKnown::Uuid(true)))
}

const BAD: &str = r#"
    service Quiet { rpc Unknown(Request) returns (Answer); }
    service Shop {
      option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE, when: "at night"};
      rpc List(Request) returns (Answer) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (proofread.v1.access) = {credential: "operator", metadata_key: "authorization"};
        option (proofread.v1.paging) = {
          size_field: "size", token_field: "no_such_field", items_field: "item", next_token_field: "next"
        };
      }
      rpc Write(Request) returns (Answer) {
        option idempotency_level = IDEMPOTENT;
        option (proofread.v1.idempotency_key) = "next";
      }
    }
    message Request { string size = 1; string next = 2; }
    message Answer { int32 item = 1; string next = 2; }
"#;

#[test]
fn every_method_says_whether_it_may_be_repeated() {
    let contract = ours();
    let offenders = without_idempotency(&Held::of(&contract));
    expect_none("every method sets idempotency_level", &offenders);
}

#[test]
fn every_method_declares_how_it_fails() {
    let contract = ours();
    let offenders = without_errors(&Held::of(&contract));
    expect_none(
        "every method declares errors, or its service common_errors",
        &offenders,
    );
}

#[test]
fn every_method_with_a_credential_declares_what_happens_without_it() {
    let contract = ours();
    let offenders = without_refusal(&Held::of(&contract));
    expect_none(
        "every method with access declares UNAUTHENTICATED",
        &offenders,
    );
}

#[test]
fn the_fields_of_paging_exist() {
    let contract = ours();
    let offenders = wrong_paging(&Held::of(&contract));
    expect_none(
        "the fields that paging names exist with the right types",
        &offenders,
    );
}

#[test]
fn idempotency_keys_are_uuids_of_the_request() {
    let contract = ours();
    let offenders = wrong_idempotency_keys(&Held::of(&contract));
    expect_none(
        "a replay key is a UUID in the request, and its reuse an error",
        &offenders,
    );
}

#[test]
fn methods_that_say_too_little_are_found() {
    let contract = bad(BAD);
    let held = Held::of(&contract);
    expect_found(
        &without_idempotency(&held),
        &["shop/v1/shop.proto: shop.v1.Quiet.Unknown"],
    );
    expect_found(&without_errors(&held), &["shop.v1.Quiet.Unknown"]);
    expect_found(
        &without_refusal(&held),
        &["Shop.List: declares no UNAUTHENTICATED"],
    );
}

#[test]
fn paging_by_wrong_fields_is_found() {
    let contract = bad(BAD);
    expect_found(
        &wrong_paging(&Held::of(&contract)),
        &[
            "Shop.List: shop.v1.Request.size is not an int32",
            "Request.no_such_field is not a string",
            "Answer.item is not a list",
        ],
    );
}

#[test]
fn wrong_idempotency_keys_are_found() {
    let contract = bad(BAD);
    expect_found(
        &wrong_idempotency_keys(&Held::of(&contract)),
        &[
            "Shop.Write: shop.v1.Request.next is not a UUID",
            "declares no ALREADY_EXISTS",
        ],
    );
}
