use prost_reflect::Value;

use super::*;
use crate::testing::{image, shop};

#[test]
fn the_path_after_a_subscript_is_found() {
    assert_eq!(after_subscript(""), "");
    assert_eq!(after_subscript(".title"), ".title");
    assert_eq!(after_subscript("[3]"), "");
    assert_eq!(after_subscript("[3].authors[1]"), ".authors[1]");
    assert_eq!(after_subscript(r#"["a]\"b"].title"#), ".title");
}

/// A message of the contract with one field set.
fn message(contract: &Contract, name: &str, field: &str, value: Value) -> DynamicMessage {
    let declared = contract.message(name).expect("the message exists");
    let mut message = DynamicMessage::new(declared.descriptor.clone());
    message.set_field_by_name(field, value);
    message
}

fn buy(fields: &str) -> Contract {
    let body = format!("message BuyRequest {{ {fields} }}");
    Contract::decode(&shop(&body)).expect("the contract is sound")
}

const BUY: &str = "shop.v1.BuyRequest";

#[test]
fn violations_are_named_by_path_and_rule() {
    let contract =
        buy("repeated string names = 1 [(buf.validate.field).repeated.items.string.min_len = 2];");
    let oracle = Oracle::new(&contract);
    let names = ["ok", "x"].map(|name| Value::String(name.to_owned()));
    let message = message(&contract, BUY, "names", Value::List(names.to_vec()));
    let violations = oracle
        .violations(&message)
        .expect("the rules can be evaluated");
    let violations: Vec<(&str, &str)> = violations
        .iter()
        .map(|it| (it.path.as_str(), it.rule.as_str()))
        .collect();
    assert_eq!(violations, [("names[1]", "string.min_len")]);
    let violations = oracle
        .detailed_violations(&message)
        .expect("the rules can be evaluated");
    let violation = violations.first().expect("one is broken");
    assert_eq!(violation.qualified_rule, "repeated.items.string.min_len");
    assert!(violation.is_at("names") && !violation.is_at("name"));
}

#[test]
fn predefined_rules_of_the_contract_are_evaluated() {
    let predefined = r#"syntax = "proto2"; package own; import "buf/validate/validate.proto";
        extend buf.validate.Int32Rules {
          optional bool even = 80048952 [(buf.validate.predefined).cel = {
            id: "int32.even", expression: "!rule || this % 2 == 0"
          }];
        }"#;
    let source = r#"syntax = "proto3"; package own; import "buf/validate/validate.proto";
        import "rules.proto";
        message Thing { int32 count = 1 [(buf.validate.field).int32.(own.even) = true]; }"#;
    let image = image(&[("rules.proto", predefined), ("thing.proto", source)]);
    let contract = Contract::decode(&image).expect("the contract is sound");
    let oracle = Oracle::new(&contract);
    let odd = message(&contract, "own.Thing", "count", Value::I32(3));
    let violations = oracle.violations(&odd).expect("the rules can be evaluated");
    assert_eq!(
        violations.first().map(|it| it.rule.as_str()),
        Some("int32.even")
    );
}

#[test]
fn a_result_that_changes_within_the_clock_tolerance_is_refused() {
    let contract =
        buy("google.protobuf.Timestamp at = 1 [(buf.validate.field).timestamp.lt_now = true];");
    let oracle = Oracle::new(&contract);
    let at = |offset: i64| {
        let field = contract.message(BUY).expect("it exists").fields[0]
            .descriptor
            .clone();
        let mut time = DynamicMessage::new(field.kind().as_message().expect("it is one").clone());
        time.set_field_by_name("seconds", Value::I64(now_seconds() + offset));
        message(&contract, BUY, "at", Value::Message(time))
    };
    assert!(
        oracle
            .violations(&at(-5))
            .expect("it can be judged")
            .is_empty()
    );
    let refused = oracle
        .stable_violations(&at(-5))
        .expect_err("a minute ago it was in the future");
    assert_eq!(refused, "the result changes within 300 seconds");
    assert!(
        oracle
            .stable_violations(&at(-500))
            .expect("it stays in the past")
            .is_empty()
    );
    assert_eq!(
        oracle
            .stable_violations(&at(500))
            .expect("it stays in the future")
            .len(),
        1
    );
}

#[test]
fn the_nonstandard_rule_is_not_reported() {
    let contract = buy("string link = 1 [(buf.validate.field).string.uri_ref = true];");
    let oracle = Oracle::new(&contract);
    let empty = message(&contract, BUY, "link", Value::String(String::new()));
    assert!(
        oracle
            .violations(&empty)
            .expect("it can be judged")
            .is_empty()
    );
    let refused = oracle
        .stable_violations(&empty)
        .expect_err("implementations differ");
    assert!(refused.contains("implementations differ"), "{refused}");
}

#[test]
fn rules_that_cannot_be_evaluated_are_an_error() {
    let contract = buy(
        "string id = 1 [(buf.validate.field).cel = {id: \"x\", expression: \"this.nonsense()\"}];",
    );
    let message = message(&contract, BUY, "id", Value::String("a".to_owned()));
    let refused = Oracle::new(&contract)
        .violations(&message)
        .expect_err("there is no such function");
    assert!(refused.contains("nonsense"), "{refused}");
}

#[test]
fn many_threads_share_one_oracle() {
    let contract = buy("int32 count = 1 [(buf.validate.field).int32 = {gte: 1, lte: 9}];");
    let oracle = Oracle::new(&contract);
    std::thread::scope(|scope| {
        for count in 0..20 {
            let (oracle, contract) = (&oracle, &contract);
            scope.spawn(move || {
                let message = message(contract, BUY, "count", Value::I32(count));
                let violations = oracle.violations(&message).expect("it can be judged");
                assert_eq!(violations.is_empty(), (1..=9).contains(&count), "{count}");
            });
        }
    });
}

#[test]
fn text_of_bytes_that_are_not_utf_8_is_not_judged() {
    let rule = "cel = {id: \"short\", expression: \"size(string(this)) < 9\"}";
    let contract = buy(&format!(
        "bytes text = 1 [(buf.validate.field).{rule}]; bytes data = 2;"
    ));
    let oracle = Oracle::new(&contract);
    let with = |field: &str, bytes: &'static [u8]| {
        let message = message(&contract, BUY, field, Value::Bytes(bytes.into()));
        oracle.stable_violations(&message)
    };
    let refused = with("text", b"\xff").expect_err("implementations differ");
    assert!(refused.contains("not UTF-8"), "{refused}");
    assert!(with("text", b"a").is_ok());
    assert!(with("data", b"\xff").is_ok());
}
