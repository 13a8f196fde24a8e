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
    option (proofread.v1.access) = {credential: "operator", metadata_key: "authorization"};
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
fn tightened_and_loosened_rules_are_told_with_examples() {
    let diff = diff(&contract(OLD), &contract(NEW), &Fixtures::default());
    assert!(diff.breaks());
    insta::assert_snapshot!(strip_str(&text(&diff)).to_string());
}

#[test]
fn a_contract_does_not_differ_from_itself() {
    let diff = diff(&contract(OLD), &contract(OLD), &Fixtures::default());
    assert_eq!(
        (diff.methods.as_slice(), diff.compared),
        (&[] as &[MethodDiff], 4)
    );
    assert_eq!(
        strip_str(&text(&diff)).to_string(),
        "✓ nothing changes for the callers of 4 methods\n"
    );
}

#[test]
fn a_loosening_alone_breaks_nothing() {
    let loose = OLD.replace("lte: 200", "lte: 300");
    let diff = diff(&contract(OLD), &contract(&loose), &Fixtures::default());
    assert!(!diff.breaks());
    let severities: Vec<Severity> = diff.counts().into_keys().collect();
    assert_eq!(severities, [Severity::Loosening]);
}

const SHELF: &str = r#"
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

/// The changes of the first method, the worst first.
fn answers(new: &str) -> Vec<(Severity, String, Option<String>)> {
    let diff = diff(&contract(SHELF), &contract(new), &Fixtures::default());
    let method = diff.methods.first().map(|method| method.changes.clone());
    // Both methods answer the same message, one of them as a stream.
    let other = diff.methods.get(1).map(|method| method.changes.clone());
    assert_eq!(method, other);
    let changes = method.unwrap_or_default().into_iter();
    changes
        .map(|change| (change.severity, change.what, change.place))
        .collect()
}

#[test]
fn a_looser_response_breaks_callers_that_rely_on_it() {
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
            format!("answers may now hold what was ruled out before: {due}"),
            Some(format!("shop/v1/shop.proto:{line} (old)")),
        );
        assert_eq!(answers(&SHELF.replace(from, to)), [expected], "{to}");
    }
}

/// It comes and goes with its field, and what was ruled out stays so.
#[test]
fn a_rule_of_a_field_that_is_new_or_gone_is_no_news() {
    let field = "string title = 1 [(buf.validate.field).string = {min_len: 1, max_len: 100}];";
    let more = format!("{field} int32 pages = 4 [(buf.validate.field).int32.lte = 9];");
    let more = SHELF.replace(field, &more);
    assert_eq!(answers(&more), []);
    let diff = diff(&contract(&more), &contract(SHELF), &Fixtures::default());
    assert_eq!(diff.methods, []);
    // But a rule that asks for a new field hides none that goes.
    let asked = more
        .replace("int32.lte = 9", "required = true")
        .replace("lte: 5", "lte: 10");
    let told: Vec<_> = answers(&asked)
        .into_iter()
        .map(|(severity, what, _)| (severity, what))
        .collect();
    let expected = [
        (
            Severity::Break,
            "answers may now hold what was ruled out before: items[].rating (int32.gte_lte)",
        ),
        (
            Severity::Promise,
            "answers may not hold any more: pages (required)",
        ),
    ];
    assert_eq!(
        told,
        expected.map(|(severity, what)| (severity, what.to_owned()))
    );
}

#[test]
fn changes_of_answers_are_told_with_examples() {
    let new = SHELF
        .replace("lte: 5", "lte: 10")
        .replace("max_len: 100", "max_len: 50")
        .replace(
            "KIND_UNSPECIFIED = 0;",
            "KIND_UNSPECIFIED = 0; KIND_BOOK = 1;",
        );
    let diff = diff(&contract(SHELF), &contract(&new), &Fixtures::default());
    assert!(diff.breaks());
    insta::assert_snapshot!(strip_str(&text(&diff)).to_string());
}

#[test]
fn a_stricter_response_is_a_promise_and_breaks_nobody() {
    let strict = SHELF.replace("lte: 5", "lte: 4");
    let expected = (
        Severity::Promise,
        "answers may not hold any more: items[].rating (int32.gte_lte)".to_owned(),
        Some("shop/v1/shop.proto:15".to_owned()),
    );
    assert_eq!(answers(&strict), [expected]);
    let diff = diff(&contract(SHELF), &contract(&strict), &Fixtures::default());
    assert!(!diff.breaks());
    let said = strip_str(&text(&diff)).to_string();
    assert!(said.contains("no break; 2 promises in 2 methods"), "{said}");
    assert!(said.contains(r#""items":[{"rating":5}]"#), "{said}");
}
