use anstream::adapter::strip_str;

use super::*;
use crate::testing::image;

const HEAD: &str = r#"syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
import "proofread/v1/options.proto";
"#;

const OLD: &str = r#"
service Shop {
  rpc List(ListRequest) returns (M) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (proofread.v1.errors) = {code: CODE_NOT_FOUND, reason: "GONE", when: "it is gone"};
  }
  rpc Put(stream PutRequest) returns (M) { option idempotency_level = IDEMPOTENT; }
  rpc Same(ListRequest) returns (M);
  rpc Old(M) returns (M);
}
message ListRequest {
  int32 size = 1 [(proofread.v1.unset) = "20", (buf.validate.field).int32 = {gte: 0, lte: 200}];
  string query = 2 [(buf.validate.field).string = {min_len: 1, max_len: 100}];
}
message PutRequest {
  repeated string names = 1 [(buf.validate.field).repeated = {min_items: 1, max_items: 3, items: {string: {min_len: 2, max_len: 5}}}];
}
message M {}
"#;

const NEW: &str = r#"
service Shop {
  rpc List(ListRequest) returns (M) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (proofread.v1.errors) = {code: CODE_ABORTED, reason: "RACE", when: "by chance"};
  }
  rpc Put(stream PutRequest) returns (M) {
    option (proofread.v1.access) = {credential: "operator"};
  }
  rpc Same(ListRequest) returns (M);
  rpc New(M) returns (M);
}
message ListRequest {
  int32 size = 1 [(proofread.v1.unset) = "50", (buf.validate.field).int32 = {gte: 0, lte: 100}];
  string query = 2 [(proofread.v1.unset) = "everything", (buf.validate.field).string.max_len = 100];
}
message PutRequest {
  repeated string names = 1 [(buf.validate.field).repeated = {min_items: 1, max_items: 4, items: {string: {min_len: 3, max_len: 5}}}];
}
message M {}
"#;

fn contract(body: &str) -> Contract {
    let source = format!("{HEAD}{body}");
    Contract::decode(&image(&[("shop/v1/shop.proto", &source)])).expect("it is sound")
}

#[test]
fn tightened_and_loosened_rules_have_examples() {
    let diff = diff(&contract(OLD), &contract(NEW), &Fixtures::default());
    assert!(diff.breaks());
    insta::assert_snapshot!(strip_str(&text(&diff)).to_string());
}

#[test]
fn identical_contracts_have_no_changes() {
    let diff = diff(&contract(OLD), &contract(OLD), &Fixtures::default());
    assert_eq!(
        (diff.methods.as_slice(), diff.compared),
        (&[] as &[MethodDiff], 4)
    );
    assert_eq!(
        strip_str(&text(&diff)).to_string(),
        "✓ no changes for clients in 4 methods\n"
    );
}

#[test]
fn loosened_request_rule_is_not_breaking() {
    let loose = OLD.replace("lte: 200", "lte: 300");
    let diff = diff(&contract(OLD), &contract(&loose), &Fixtures::default());
    assert!(!diff.breaks());
    let severities: Vec<Severity> = diff.counts().into_keys().collect();
    assert_eq!(severities, [Severity::Loosening]);
}

const RESPONSE_CONTRACT: &str = r#"
service Shop {
  rpc Get(M) returns (Shelf);
  rpc Watch(M) returns (stream Shelf);
}
message Shelf {
  string title = 1 [(buf.validate.field).string = {min_len: 1, max_len: 100}];
  repeated Item items = 2 [(buf.validate.field).repeated.max_items = 20];
  Kind kind = 3 [(buf.validate.field).enum.defined_only = true];
}
message Item { int32 rating = 1 [(buf.validate.field).int32 = {gte: 0, lte: 5}]; }
enum Kind { KIND_UNSPECIFIED = 0; }
message M {}
"#;

/// The changes of the first method, the most severe first.
fn response_changes(new: &str) -> Vec<(Severity, String, Option<String>)> {
    let diff = diff(
        &contract(RESPONSE_CONTRACT),
        &contract(new),
        &Fixtures::default(),
    );
    let method = diff.methods.first().map(|method| method.changes.clone());
    // Both methods return the same message, one of them as a stream.
    let other = diff.methods.get(1).map(|method| method.changes.clone());
    assert_eq!(method, other);
    let changes = method.unwrap_or_default().into_iter();
    changes
        .map(|change| (change.severity, change.description, change.location))
        .collect()
}

#[test]
fn loosened_response_rule_is_breaking() {
    for (from, to, due, line) in [
        ("lte: 5", "lte: 10", "items[].rating (int32.gte_lte)", 15),
        (
            "max_items = 20",
            "max_items = 30",
            "items (repeated.max_items)",
            12,
        ),
        (
            "{min_len: 1, max_len: 100}",
            "{max_len: 100}",
            "title (string.min_len)",
            11,
        ),
        (
            "KIND_UNSPECIFIED = 0;",
            "KIND_UNSPECIFIED = 0; KIND_BOOK = 1;",
            "kind (enum.defined_only)",
            13,
        ),
        (
            " [(buf.validate.field).int32 = {gte: 0, lte: 5}]",
            "",
            "items[].rating (int32.gte_lte)",
            15,
        ),
    ] {
        let expected = (
            Severity::Break,
            format!("responses may now violate: {due}"),
            Some(format!("shop/v1/shop.proto:{line} (old)")),
        );
        assert_eq!(
            response_changes(&RESPONSE_CONTRACT.replace(from, to)),
            [expected],
            "{to}"
        );
    }
}

#[test]
fn rules_of_added_or_removed_fields_are_not_changes() {
    let field = "string title = 1 [(buf.validate.field).string = {min_len: 1, max_len: 100}];";
    let more = format!("{field} int32 pages = 4 [(buf.validate.field).int32.lte = 9];");
    let more = RESPONSE_CONTRACT.replace(field, &more);
    assert_eq!(response_changes(&more), []);
    let diff = diff(
        &contract(&more),
        &contract(RESPONSE_CONTRACT),
        &Fixtures::default(),
    );
    assert_eq!(diff.methods, []);
    // A rule that requires a new field does not hide that another rule is removed.
    let required = more
        .replace("int32.lte = 9", "required = true")
        .replace("lte: 5", "lte: 10");
    let changes: Vec<_> = response_changes(&required)
        .into_iter()
        .map(|(severity, description, _)| (severity, description))
        .collect();
    let expected = [
        (
            Severity::Break,
            "responses may now violate: items[].rating (int32.gte_lte)",
        ),
        (
            Severity::Guarantee,
            "responses are now guaranteed to satisfy: pages (required)",
        ),
    ];
    assert_eq!(
        changes,
        expected.map(|(severity, description)| (severity, description.to_owned()))
    );
}

#[test]
fn response_changes_have_examples() {
    let new = RESPONSE_CONTRACT
        .replace("lte: 5", "lte: 10")
        .replace("max_len: 100", "max_len: 50")
        .replace(
            "KIND_UNSPECIFIED = 0;",
            "KIND_UNSPECIFIED = 0; KIND_BOOK = 1;",
        );
    let diff = diff(
        &contract(RESPONSE_CONTRACT),
        &contract(&new),
        &Fixtures::default(),
    );
    assert!(diff.breaks());
    insta::assert_snapshot!(strip_str(&text(&diff)).to_string());
}

#[test]
fn tightened_response_rule_is_a_guarantee() {
    let strict = RESPONSE_CONTRACT.replace("lte: 5", "lte: 4");
    let expected = (
        Severity::Guarantee,
        "responses are now guaranteed to satisfy: items[].rating (int32.gte_lte)".to_owned(),
        Some("shop/v1/shop.proto:15".to_owned()),
    );
    assert_eq!(response_changes(&strict), [expected]);
    let diff = diff(
        &contract(RESPONSE_CONTRACT),
        &contract(&strict),
        &Fixtures::default(),
    );
    assert!(!diff.breaks());
    let output = strip_str(&text(&diff)).to_string();
    assert!(
        output.contains("no breaking change; 2 guarantees in 2 methods"),
        "{output}"
    );
    assert!(output.contains(r#""items":[{"rating":5}]"#), "{output}");
}
