//! Each kind of rule, as written in a contract, and its description.

mod collections;
mod scalars;
mod strings;

use super::*;
use crate::{
    contract::{Contract, Field},
    testing::{image, shop},
};

/// The type of a field, its rules, and the expected description.
type Case<'a> = (&'a str, &'a str, &'a str);

/// Compiles a message with one field for each case and compares the descriptions.
fn check(cases: &[Case<'_>]) {
    let fields: String = cases
        .iter()
        .enumerate()
        .map(|(index, (kind, rules, _))| {
            let number = index + 1;
            format!("{kind} f{number} = {number} [(buf.validate.field) = {{{rules}}}];\n")
        })
        .collect();
    let source = format!(
        r#"import "google/protobuf/any.proto";
        import "google/protobuf/field_mask.proto";
        enum Kind {{ KIND_UNSPECIFIED = 0; KIND_ONE = 1; KIND_TWO = 2; }}
        message Item {{}}
        message Cases {{ {fields} }}"#
    );
    let contract = Contract::decode(&shop(&source)).expect("the contract is sound");
    let message = contract
        .message("shop.v1.Cases")
        .expect("it has the message");
    let words = |field: &Field| describe(field.rules.as_ref().expect("it has rules"));
    let found: Vec<String> = message.fields.iter().map(words).collect();
    let expected: Vec<&str> = cases.iter().map(|(_, _, words)| *words).collect();
    assert_eq!(found, expected);
}

#[test]
fn rules_of_every_type_are_described() {
    check(&[
        ("Item", "required: true", "required"),
        (
            "optional int32",
            "required: true, int32: {gte: 0, lte: 9}",
            "required; 0 to 9",
        ),
        (
            "string",
            "ignore: IGNORE_IF_ZERO_VALUE, string: {uuid: true}",
            "if set: a UUID",
        ),
        (
            "string",
            "ignore: IGNORE_ALWAYS, string: {uuid: true}",
            "not checked",
        ),
        (
            "int32",
            "cel: {id: \"even\", message: \"must be even\", expression: \"this % 2 == 0\"}",
            "must be even",
        ),
        (
            "int32",
            "cel: {id: \"even\", expression: \"this % 2 == 0\"}",
            "satisfies `this % 2 == 0`",
        ),
        (
            "int32",
            "cel_expression: \"this > 1\"",
            "satisfies `this > 1`",
        ),
    ]);
}

#[test]
fn predefined_rules_are_described_by_their_messages() {
    let rules = r#"syntax = "proto2";
        package shop.rules;
        import "buf/validate/validate.proto";
        extend buf.validate.Int32Rules {
          optional bool even = 1001 [(buf.validate.predefined).cel = {
            id: "even" message: "must be even" expression: "this % 2 == 0"
          }];
          optional int32 multiple = 1002 [(buf.validate.predefined).cel = {
            id: "multiple" expression: "this % rule == 0"
          }];
        }"#;
    let source = r#"syntax = "proto3";
        package shop.v1;
        import "buf/validate/validate.proto";
        import "shop/rules.proto";
        message Cases {
          int32 one = 1 [(buf.validate.field).int32 = {[shop.rules.even]: true, gte: 0}];
          repeated int32 two = 2 [(buf.validate.field).repeated.items.int32 = {[shop.rules.multiple]: 5}];
        }"#;
    let image = image(&[("shop/rules.proto", rules), ("shop/v1/shop.proto", source)]);
    let contract = Contract::decode(&image).expect("the contract is sound");
    let fields = &contract.message("shop.v1.Cases").expect("it exists").fields;
    let words = fields
        .iter()
        .map(|field| field.rules.as_ref().map(describe));
    let words: Vec<String> = words.map(Option::unwrap_or_default).collect();
    assert_eq!(
        words,
        [
            "at least 0; must be even",
            "each: satisfies `this % rule == 0` (`shop.rules.multiple` is `5`)"
        ]
    );
}

#[test]
fn oneofs_and_message_rules_are_described() {
    let image = shop(
        r#"message Cases {
          option (buf.validate.message).oneof = {fields: ["a", "b"], required: true};
          option (buf.validate.message).cel = {id: "x" message: "a or b" expression: "true"};
          option (buf.validate.message).cel_expression = "1 < 2";
          string a = 1;
          string b = 2;
          oneof key {
            option (buf.validate.oneof).required = true;
            string c = 3;
            string d = 4;
          }
          oneof choice { string e = 5; string f = 6; }
        }"#,
    );
    let contract = Contract::decode(&image).expect("the contract is sound");
    let message = contract.message("shop.v1.Cases").expect("it exists");
    let oneofs: Vec<String> = message.oneofs.iter().map(describe_oneof).collect();
    assert_eq!(
        oneofs,
        [
            "exactly one of `c`, `d` is set",
            "at most one of `e`, `f` is set"
        ]
    );
    assert_eq!(
        describe_message(message),
        [
            "exactly one of `a`, `b` is set",
            "a or b",
            "satisfies `1 < 2`"
        ]
    );
}
