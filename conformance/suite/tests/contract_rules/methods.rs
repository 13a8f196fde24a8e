//! Every method declares its idempotency, its errors and its paging fields.

use proofread::contract::Code;
use prost_protovalidate_types::{field_rules::Type, string_rules::WellKnown};
use prost_reflect::Kind;

use super::*;

/// Methods that do not set `idempotency_level`. An explicit IDEMPOTENCY_UNKNOWN is
/// accepted: SignIn, for example, can't return its token a second time.
fn without_idempotency(checked: &CheckedContract<'_>) -> Vec<String> {
    let methods = checked.methods();
    let offenders = methods.filter(|method| {
        let proto = method.descriptor.method_descriptor_proto();
        let options = proto.options.as_ref();
        options.is_none_or(|options| options.idempotency_level.is_none())
    });
    offenders.map(method_location).collect()
}

/// Methods for which neither the method nor its service declares an error. Every call
/// can fail at least because of a deadline or an overloaded server.
fn without_errors(checked: &CheckedContract<'_>) -> Vec<String> {
    let services = checked
        .services()
        .filter(|service| service.common_errors.is_empty());
    let methods = services.flat_map(|service| &service.methods);
    let offenders = methods.filter(|method| method.errors.is_empty());
    offenders.map(method_location).collect()
}

/// Methods that require a credential, but do not declare UNAUTHENTICATED.
fn without_refusal(checked: &CheckedContract<'_>) -> Vec<String> {
    const UNAUTHENTICATED: Code = Code(16);
    let mut offenders = Vec::new();
    for service in checked.services() {
        for method in &service.methods {
            let mut errors = method.errors.iter().chain(&service.common_errors);
            if !method.access.is_empty() && !errors.any(|error| error.code == UNAUTHENTICATED) {
                let location = method_location(method);
                offenders.push(format!("{location}: declares no UNAUTHENTICATED"));
            }
        }
    }
    offenders
}

fn find<'c>(checked: &CheckedContract<'c>, message: &str, field: &str) -> Option<&'c Field> {
    let message = checked.contract.message(message)?;
    message.fields.iter().find(|found| found.name == field)
}

/// Paging fields that do not exist or have the wrong type.
fn invalid_paging(checked: &CheckedContract<'_>) -> Vec<String> {
    type Check = fn(&Field) -> bool;
    let is_string: Check =
        |field| field.descriptor.kind() == Kind::String && !field.descriptor.is_list();
    let is_size: Check =
        |field| field.descriptor.kind() == Kind::Int32 && !field.descriptor.is_list();
    let is_list: Check = |field| field.descriptor.is_list();
    let mut offenders = Vec::new();
    for method in checked.methods() {
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
            if !find(checked, message, name).is_some_and(check) {
                let location = method_location(method);
                offenders.push(format!("{location}: {message}.{name} is not {what}"));
            }
        }
    }
    offenders
}

/// Idempotency keys that are not a UUID field of the request, or whose method does not
/// declare ALREADY_EXISTS for the same key with another body.
fn invalid_idempotency_keys(checked: &CheckedContract<'_>) -> Vec<String> {
    const ALREADY_EXISTS: Code = Code(6);
    let mut offenders = Vec::new();
    for method in checked.methods() {
        let Some(key) = &method.idempotency_key else {
            continue;
        };
        let location = method_location(method);
        if !find(checked, &method.request, key).is_some_and(is_uuid) {
            offenders.push(format!(
                "{location}: {}.{key} is not a UUID",
                method.request
            ));
        }
        let mut errors = method.errors.iter();
        if !errors.any(|error| error.code == ALREADY_EXISTS) {
            offenders.push(format!("{location}: declares no ALREADY_EXISTS"));
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
        option (proofread.v1.access) = {credential: "operator"};
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
fn every_method_declares_idempotency() {
    let contract = bookstore_contract();
    let offenders = without_idempotency(&CheckedContract::new(&contract));
    assert_no_offenders("every method sets idempotency_level", &offenders);
}

#[test]
fn every_method_declares_errors() {
    let contract = bookstore_contract();
    let offenders = without_errors(&CheckedContract::new(&contract));
    assert_no_offenders(
        "every method declares errors, or its service common_errors",
        &offenders,
    );
}

#[test]
fn every_method_with_access_declares_unauthenticated() {
    let contract = bookstore_contract();
    let offenders = without_refusal(&CheckedContract::new(&contract));
    assert_no_offenders(
        "every method with access declares UNAUTHENTICATED",
        &offenders,
    );
}

#[test]
fn paging_fields_exist() {
    let contract = bookstore_contract();
    let offenders = invalid_paging(&CheckedContract::new(&contract));
    assert_no_offenders(
        "the fields that paging names exist with the right types",
        &offenders,
    );
}

#[test]
fn idempotency_keys_are_uuids() {
    let contract = bookstore_contract();
    let offenders = invalid_idempotency_keys(&CheckedContract::new(&contract));
    assert_no_offenders(
        "an idempotency key is a UUID field of the request, and the method declares ALREADY_EXISTS",
        &offenders,
    );
}

#[test]
fn methods_without_declarations_are_found() {
    let contract = invalid_contract(BAD);
    let checked = CheckedContract::new(&contract);
    assert_offenders(
        &without_idempotency(&checked),
        &["shop/v1/shop.proto: shop.v1.Quiet.Unknown"],
    );
    assert_offenders(&without_errors(&checked), &["shop.v1.Quiet.Unknown"]);
    assert_offenders(
        &without_refusal(&checked),
        &["Shop.List: declares no UNAUTHENTICATED"],
    );
}

#[test]
fn invalid_paging_fields_are_found() {
    let contract = invalid_contract(BAD);
    assert_offenders(
        &invalid_paging(&CheckedContract::new(&contract)),
        &[
            "Shop.List: shop.v1.Request.size is not an int32",
            "Request.no_such_field is not a string",
            "Answer.item is not a list",
        ],
    );
}

#[test]
fn invalid_idempotency_keys_are_found() {
    let contract = invalid_contract(BAD);
    assert_offenders(
        &invalid_idempotency_keys(&CheckedContract::new(&contract)),
        &[
            "Shop.Write: shop.v1.Request.next is not a UUID",
            "declares no ALREADY_EXISTS",
        ],
    );
}
