use anstream::adapter::strip_str;

use super::*;
use crate::testing::image;

const PROTO: &str = r#"syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
import "proofread/v1/options.proto";
// Sells things.
service Shop {
  option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE, reason: "CLOSED", when: "at night"};
  // Lists things.
  //
  // In no order.
  rpc List(ListRequest) returns (stream M) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (proofread.v1.nondeterministic) = "a random sample";
    option (proofread.v1.access) = {credential: "operator"};
    option (proofread.v1.errors) = {code: CODE_NOT_FOUND, reason: "GONE", when: "it is gone"};
  }
  rpc Ask(M) returns (M);
}
// Sells more.
service Annex { rpc Ask(M) returns (M); rpc AskTwice(M) returns (M); }
message ListRequest {
  // How many.
  // At most.
  int32 size = 1 [(proofread.v1.unset) = "20", (buf.validate.field).int32 = {gte: 0, lte: 200}];
  repeated string names = 2 [(buf.validate.field).repeated = {min_items: 1, items: {string: {min_len: 1}}}];
  optional bool loud = 3;
  oneof key { string name = 4; M thing = 5; }
  map<string, int32> counts = 6;
}
message M {}
"#;

fn contract() -> Contract {
    Contract::decode(&image(&[("shop/v1/shop.proto", PROTO)])).expect("it is sound")
}

fn explained(name: &str) -> String {
    let contract = contract();
    let unset = UnsetAnalysis::new(&contract);
    let method = find_method(&contract, name).expect("there is one");
    let explanation = explain(&contract, &unset, method);
    strip_str(&text(&explanation)).to_string()
}

#[test]
fn annotated_method() {
    insta::assert_snapshot!(explained("List"));
}

#[test]
fn method_without_annotations() {
    insta::assert_snapshot!(explained("shop.v1.Shop.Ask"));
}

#[test]
fn methods_are_found_by_full_name_and_suffix() {
    let contract = contract();
    let found = |name: &str| find_method(&contract, name).map(|method| method.path.clone());
    let list = Ok("/shop.v1.Shop/List".to_owned());
    for name in [
        "/shop.v1.Shop/List",
        "shop.v1.Shop/List",
        "shop.v1.Shop.List",
        "Shop/List",
        "List",
    ] {
        assert_eq!(found(name), list, "{name}");
    }
    let cases = [
        (
            "Lsit",
            r#"the contract has no method "Lsit"; did you mean "shop.v1.Shop/List"?"#,
        ),
        (
            "shop.v1.Annex/AskTwise",
            r#"the contract has no method "shop.v1.Annex/AskTwise"; did you mean "shop.v1.Annex/AskTwice"?"#,
        ),
        ("banana", r#"the contract has no method "banana""#),
        (
            "Ask",
            r#""Ask" is ambiguous: it matches shop.v1.Shop/Ask, shop.v1.Annex/Ask"#,
        ),
        (
            "shop.v1.Annex",
            "shop.v1.Annex is a service; name one of its methods: Ask, AskTwice",
        ),
    ];
    for (name, expected) in cases {
        assert_eq!(found(name).expect_err(name).to_string(), expected);
    }
}
