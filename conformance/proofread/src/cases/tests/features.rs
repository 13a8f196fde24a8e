//! Tests of cases for contracts of proto2 and editions.

use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage};

use super::super::{Fixtures, derive, random};
use crate::{
    case::{Case, Expect, Payload, Violation},
    contract::Contract,
    editions,
    oracle::Oracle,
    profile::Profile,
    testing::image,
    wire,
};

const PROTO2: &str = r#"syntax = "proto2"; package shop.v1;
    service Shop { rpc Buy(BuyRequest) returns (BuyRequest); }
    message BuyRequest {
        required Book book = 1;
        optional int32 count = 2 [default = 7];
        repeated Book more = 3;
        optional Colour colour = 4;
    }
    message Book { required string title = 1; optional BuyRequest next = 2; }
    enum Colour { COLOUR_RED = 1; }"#;

fn contract(proto: &str) -> Contract {
    Contract::decode(&image(&[("shop/v1/shop.proto", proto)])).expect("it is sound")
}

fn cases_of(contract: &Contract) -> Vec<Case> {
    let method = contract.methods().next().expect("it has a method");
    let generated = derive(contract, method, &Fixtures::default());
    assert!(generated.defects.is_empty(), "{:#?}", generated.defects);
    generated.cases
}

fn case<'c>(cases: &'c [Case], id: &str) -> &'c Case {
    let found = cases.iter().find(|case| case.id == id);
    found.unwrap_or_else(|| {
        let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        panic!("no case {id} in {ids:#?}")
    })
}

fn message(case: &Case) -> &DynamicMessage {
    match &case.send {
        Payload::Messages(messages) => &messages[0],
        Payload::Raw(_) => panic!("the case sends raw bytes"),
    }
}

#[test]
fn smallest_request_has_the_required_fields() {
    let cases = cases_of(&contract(PROTO2));
    let baseline = case(&cases, "baseline");
    assert_eq!(baseline.expect, Expect::Accepted);
    let request = message(baseline);
    let book = request.get_field_by_name("book").expect("it is a field");
    let book = book.as_message().expect("it is a message");
    assert!(book.has_field_by_name("title"), "{request}");
    assert!(!request.has_field_by_name("more"), "{request}");
}

#[test]
fn absence_of_a_required_field_is_judged_by_the_profile() {
    let cases = cases_of(&contract(PROTO2));
    for id in [
        "unset/book/unset",
        "unset/book.title/unset",
        "unset/more[].title/unset",
        "unset/everything",
    ] {
        let expect = &case(&cases, id).expect;
        assert_eq!(*expect, Expect::MissingRequired(Vec::new()), "{id}");
    }
    assert_eq!(
        case(&cases, "unset/book.title/zero").expect,
        Expect::Accepted
    );
    assert_eq!(case(&cases, "unset/count/unset").expect, Expect::Accepted);
}

#[test]
fn random_requests_have_the_required_fields() {
    let contract = contract(PROTO2);
    let method = contract.methods().next().expect("it has a method");
    let oracle = Oracle::new(&contract);
    let fixtures = Fixtures::default();
    let mut sent = 0;
    for case in random(&contract, method, &fixtures, 1).take(100) {
        assert_eq!(oracle.missing_required_field(message(&case)), None);
        sent += 1;
    }
    assert_eq!(sent, 100);
}

#[test]
fn undefined_numbers_of_closed_enums_are_not_expected_to_be_refused() {
    let cases = cases_of(&editions::library());
    let ids = |field: &str| {
        let prefix = format!("boundary/{field}/enum.defined_only/unknown");
        cases.iter().filter(|it| it.id.starts_with(&prefix)).count()
    };
    assert!(ids("mood") > 0);
    assert_eq!(ids("binding"), 0);
}

#[test]
fn rules_of_fields_whose_names_differ_only_in_case_are_told_apart() {
    let cases = cases_of(&editions::cases());
    let violation = |path: &str| Violation {
        path: path.to_owned(),
        rule: "string.min_len".to_owned(),
    };
    let expect = &case(&cases, "unset/Name/unset").expect;
    assert_eq!(*expect, Expect::Refused(vec![violation("Name")]));
    let expect = &case(&cases, "unset/name/unset").expect;
    assert_eq!(*expect, Expect::Refused(vec![violation("name")]));
    let json = serde_json::to_string(message(case(&cases, "baseline"))).expect("it is JSON");
    assert!(json.contains("\"Name\""), "{json}");
}

/// The wire cases of the first method, for its smallest request with a shelf.
fn wire_cases(contract: &Contract) -> Vec<Case> {
    let method = contract.methods().next().expect("it has a method");
    let cases = cases_of(contract);
    let largest = cases
        .iter()
        .filter(|case| case.expect == Expect::Accepted)
        .max_by_key(|case| message(case).fields().count());
    let request = message(largest.expect("there are valid requests")).clone();
    let oracle = Oracle::new(contract);
    wire::cases(contract, &oracle, method, &request, &Profile::strict())
}

#[test]
fn text_is_expected_to_be_utf8_only_where_the_field_verifies_it() {
    let cases = wire_cases(&editions::library());
    let title = &case(&cases, "wire/invalid-utf8/title").expect;
    assert!(matches!(title, Expect::OneOf(_)), "{title:?}");
    let note = &case(&cases, "wire/invalid-utf8/note").expect;
    assert_eq!(*note, Expect::AnyAnswer);
    let binding = &case(&cases, "wire/closed-enum/binding").expect;
    assert_eq!(*binding, Expect::AnyAnswer);
    let proto2 = wire_cases(&contract(
        PROTO2
            .replace("required Book", "required string x = 9; required Book")
            .as_str(),
    ));
    let text = &case(&proto2, "wire/invalid-utf8/x").expect;
    assert_eq!(*text, Expect::AnyAnswer);
}

#[test]
fn delimited_messages_are_sent_as_groups() {
    let contract = editions::library();
    let method = contract.methods().next().expect("it has a method");
    let request = contract.message(&method.request).expect("it exists");
    let json = serde_json::json!({ "title": "t", "copies": 1, "shelf": { "row": 3 } });
    let request = DynamicMessage::deserialize(request.descriptor.clone(), json);
    let request = request.expect("it is a request");
    // Field 7 as a group: its start, field 1 with the value 3, and its end.
    let group = [0x3b, 0x08, 0x03, 0x3c];
    let encoded = request.encode_to_vec();
    assert!(
        encoded.windows(4).any(|window| window == group),
        "{encoded:?}"
    );
    let oracle = Oracle::new(&contract);
    let cases = wire::cases(&contract, &oracle, method, &request, &Profile::strict());
    let merged = case(&cases, "wire/pieces/message/shelf.row/zero-first");
    let Payload::Raw(call) = &merged.send else {
        panic!("wire cases are raw");
    };
    let message = DynamicMessage::decode(request.descriptor(), &call.body[5..]);
    assert_eq!(message.expect("it decodes"), request);
    assert_eq!(merged.expect, Expect::Accepted);
}
