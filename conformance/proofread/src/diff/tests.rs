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
