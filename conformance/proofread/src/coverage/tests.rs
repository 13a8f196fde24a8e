use super::*;
use crate::testing::shop;

const SHOP: &str = r#"
    service Shop { rpc Buy(BuyRequest) returns (BuyRequest); }
    message BuyRequest {
      option (buf.validate.message).cel = {id: "buy.some", expression: "this.count != 7"};
      int32 count = 1 [(buf.validate.field).int32 = {gte: 1, lte: 9}];
      repeated Line lines = 2 [(buf.validate.field).repeated.max_items = 3];
      oneof way { option (buf.validate.oneof).required = true; string left = 3; string right = 4; }
    }
    message Line { string name = 1 [(buf.validate.field).string.min_len = 1]; BuyRequest again = 2; }
    message Unreached { string name = 1 [(buf.validate.field).string.min_len = 1]; }
"#;

fn contract() -> Contract {
    Contract::decode(&shop(SHOP)).expect("the contract is sound")
}

fn target(field: &str, rule: &str, side: Side) -> RuleTarget {
    RuleTarget {
        field: format!("shop.v1.{field}"),
        rule: rule.to_owned(),
        side,
    }
}

#[test]
fn all_rules_that_a_request_can_reach_are_counted() {
    let contract = contract();
    let coverage = Coverage::of(&contract, contract.methods());
    let known = coverage.report();
    let known: Vec<(&str, &str)> = known
        .iter()
        .map(|it| (it.field.as_str(), it.rule.as_str()))
        .collect();
    let expected = [
        ("shop.v1.BuyRequest", "buy.some"),
        ("shop.v1.BuyRequest.count", "int32.gte_lte"),
        ("shop.v1.BuyRequest.lines", "repeated.max_items"),
        ("shop.v1.BuyRequest.way", "required"),
        ("shop.v1.Line.name", "string.min_len"),
    ];
    assert_eq!(known, expected);
}

#[test]
fn kept_and_broken_are_counted_separately() {
    let contract = contract();
    let mut coverage = Coverage::of(&contract, contract.methods());
    let count = |side| target("BuyRequest.count", "int32.gte_lte", side);
    coverage.record_targets(&[
        count(Side::Kept),
        count(Side::Kept),
        count(Side::Broken),
        target("Line.name", "string.min_len", Side::Broken),
        target("Unreached.name", "string.min_len", Side::Broken),
    ]);
    let summary = coverage.summary();
    let numbers = (summary.rules, summary.both, summary.one, summary.none);
    assert_eq!(numbers, (5, 1, 1, 3));

    coverage.record_gaps(&[CoverageGap {
        method: "/shop.v1.Shop/Buy".to_owned(),
        subject: "shop.v1.Line.name".to_owned(),
        rule: "string.min_len".to_owned(),
        side: Some(Side::Kept),
        reason: "too hard".to_owned(),
    }]);
    let report = coverage.report();
    let line = report
        .iter()
        .find(|it| it.field == "shop.v1.Line.name")
        .expect("it is known");
    assert_eq!((line.kept, line.broken), (0, 1));
    assert_eq!(line.kept_reason.as_deref(), Some("too hard"));

    let mut other = coverage.clone();
    other.merge(&coverage);
    let report = other.report();
    let count = report
        .iter()
        .find(|it| it.field == "shop.v1.BuyRequest.count")
        .expect("it is known");
    assert_eq!((count.kept, count.broken), (4, 2));
}

#[test]
fn the_declaring_element_is_found_by_the_path() {
    let contract = contract();
    let request = contract.message("shop.v1.BuyRequest").expect("it exists");
    let found = |path: &str, key: &str| {
        declaring_element(&contract, request, path, key).expect("it is found")
    };
    assert_eq!(found("count", "int32.gte_lte"), "shop.v1.BuyRequest.count");
    assert_eq!(found("", "buy.some"), "shop.v1.BuyRequest");
    assert_eq!(found("way", "required"), "shop.v1.BuyRequest.way");
    assert_eq!(
        found("lines[2].name", "string.min_len"),
        "shop.v1.Line.name"
    );
    assert_eq!(found("lines[0].again", "buy.some"), "shop.v1.BuyRequest");
    assert_eq!(
        found("lines[0].again.count", "int32.gte_lte"),
        "shop.v1.BuyRequest.count"
    );
    assert_eq!(
        found("lines", "repeated.max_items"),
        "shop.v1.BuyRequest.lines"
    );
}
