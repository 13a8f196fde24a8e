//! Rule sides that no value can be on are reported with the reason.

use super::*;
use crate::testing::shop;

fn derived(body: &str) -> GeneratedCases {
    let service = "service Shop { rpc Buy(BuyRequest) returns (BuyRequest); }";
    let contract = Contract::decode(&shop(&format!("{service} {body}"))).expect("it is sound");
    let oracle = Oracle::new(&contract);
    let method = contract.methods().next().expect("it has a method");
    let generated = derive(&contract, method, &Fixtures::default());
    assert!(generated.defects.is_empty(), "{:#?}", generated.defects);
    generated
        .cases
        .iter()
        .for_each(|case| check_case(case, &oracle));
    generated
}

fn reasons(generated: &GeneratedCases) -> Vec<String> {
    generated
        .uncovered
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn assert_reported(generated: &GeneratedCases, text: &str) {
    let reasons = reasons(generated);
    assert!(reasons.iter().any(|it| it.contains(text)), "{reasons:#?}");
}

#[test]
fn a_field_whose_rules_contradict_each_other_leaves_no_baseline() {
    let contradictions = [
        "string id = 1 [(buf.validate.field).string = {min_len: 5, max_len: 3}];",
        "int32 id = 1 [(buf.validate.field).int32 = {const: 3, gt: 5}];",
        "string id = 1 [(buf.validate.field).string = {in: [\"a\", \"bb\"], min_len: 3}];",
        "repeated int32 id = 1 [(buf.validate.field).repeated = {min_items: 3, items: {int32: {gte: 1, lte: 2}}, unique: true}];",
    ];
    for field in contradictions {
        let generated = derived(&format!("message BuyRequest {{ {field} }}"));
        assert!(
            !generated.cases.iter().any(|case| case.id == "baseline"),
            "{field}"
        );
        assert_reported(
            &generated,
            "no valid shop.v1.BuyRequest was found: no value of id keeps its rules",
        );
    }
}

#[test]
fn a_message_that_requires_itself_is_reported() {
    let generated = derived(
        "message BuyRequest { BuyRequest again = 1 [(buf.validate.field).required = true]; }",
    );
    assert!(!generated.cases.iter().any(|case| case.id == "baseline"));
    assert_reported(&generated, "no valid shop.v1.BuyRequest was found");
}

#[test]
fn a_message_that_may_contain_itself_is_filled() {
    let generated = derived(
        "message BuyRequest {
           string name = 1 [(buf.validate.field).string.min_len = 1];
           BuyRequest next = 2;
           repeated BuyRequest others = 3 [(buf.validate.field).repeated.max_items = 2];
           map<string, BuyRequest> named = 4 [(buf.validate.field).map.min_pairs = 0];
         }",
    );
    assert!(generated.cases.iter().any(|case| case.id == "baseline"));
    let ids: Vec<&str> = generated
        .cases
        .iter()
        .map(|case| case.id.as_str())
        .collect();
    assert!(
        ids.contains(&"boundary/others/repeated.max_items/one-more"),
        "{ids:#?}"
    );
}

#[test]
fn bounds_at_the_limits_of_a_type_are_reported_as_unbreakable() {
    let generated = derived(
        "message BuyRequest {
           uint32 count = 1 [(buf.validate.field).uint32.gte = 0];
           int32 all = 2 [(buf.validate.field).int32 = {gte: -2147483648, lte: 2147483647}];
           string any = 3 [(buf.validate.field).string.min_len = 0];
           string huge = 4 [(buf.validate.field).string.max_len = 4294967296];
         }",
    );
    assert_reported(
        &generated,
        "shop.v1.BuyRequest.count uint32.gte broken: the type holds no value outside of 0 to 4294967295",
    );
    assert_reported(
        &generated,
        "shop.v1.BuyRequest.all int32.gte_lte broken: the type holds no value",
    );
    assert_reported(
        &generated,
        "shop.v1.BuyRequest.any string.min_len broken: nothing is shorter than empty",
    );
    assert_reported(
        &generated,
        "shop.v1.BuyRequest.huge string.max_len broken: a string of 4294967296 characters is longer than a message may be",
    );
}

#[test]
fn a_timestamp_too_close_to_now_is_not_sent() {
    let generated = derived(
        "message BuyRequest { google.protobuf.Timestamp at = 1 [(buf.validate.field).timestamp.within = {seconds: 5}]; }",
    );
    assert_reported(
        &generated,
        "timestamp.within kept: 5 s around now is too narrow for clocks that differ",
    );
    let broken = generated
        .cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Refused(_)));
    assert!(broken.count() >= 2);
}

#[test]
fn rules_that_cannot_be_evaluated_are_reported() {
    let generated = derived(
        "message BuyRequest {
           string id = 1 [(buf.validate.field).cel = {id: \"x\", expression: \"this.noSuchFunction()\"}];
         }",
    );
    assert_reported(&generated, "noSuchFunction");
}

#[test]
fn strings_that_regex_engines_match_differently_are_not_sent() {
    let generated = derived(
        "message BuyRequest { string word = 1 [(buf.validate.field).string.pattern = \"^\\\\w+$\"]; }",
    );
    for case in &generated.cases {
        let Payload::Messages(messages) = &case.send else {
            panic!("{} sends bytes", case.id);
        };
        let word = messages[0]
            .get_field_by_name("word")
            .expect("the field exists")
            .into_owned();
        let word = word.as_str().expect("it is a string");
        assert!(word.is_ascii() && !word.ends_with('\n'), "{word:?}");
    }
}

#[test]
fn bounds_above_the_size_limits_are_reported() {
    let generated = derived(
        "message BuyRequest {
           repeated int32 many = 1 [(buf.validate.field).repeated = {max_items: 4000000000, unique: true}];
           map<int32, string> pairs = 2 [(buf.validate.field).map.max_pairs = 4000000000];
           bytes blob = 3 [(buf.validate.field).bytes.max_len = 4000000000];
         }",
    );
    assert_reported(
        &generated,
        "many repeated.max_items broken: 4000000001 items are more than proofread sends",
    );
    assert_reported(&generated, "pairs map.max_pairs broken: 4000000001 pairs");
    assert_reported(
        &generated,
        "blob bytes.max_len broken: 4000000000 bytes are more than a message may be",
    );
}

#[test]
fn rules_of_ignored_items_are_not_tested() {
    let generated = derived(
        "message Part { int32 count = 1 [(buf.validate.field).int32.gt = 0]; }
        message BuyRequest { repeated Part parts = 1 [
            (buf.validate.field).repeated.items.ignore = IGNORE_ALWAYS]; }",
    );
    assert_reported(
        &generated,
        "Part.count int32.gt broken: it is inside a field that is ignored",
    );
}

#[test]
fn fields_that_require_and_exclude_each_other_leave_no_baseline() {
    let generated = derived(
        "message BuyRequest { string a = 1; string b = 2; string c = 3;
            option (buf.validate.message).oneof = {fields: [\"a\", \"b\"], required: true};
            option (buf.validate.message).oneof = {fields: [\"b\", \"c\"], required: true};
            option (buf.validate.message).oneof = {fields: [\"a\", \"c\"], required: true}; }",
    );
    assert_reported(
        &generated,
        "message.oneof kept: no message that keeps it was found",
    );
}

#[test]
fn rules_in_cel_are_kept_and_broken() {
    let both_sides = [
        "int32 a = 1 [(buf.validate.field).cel = {id: \"x\", expression: \"this > 24 && this % 7 == 3\"}];",
        "Part a = 1 [(buf.validate.field).required = true, (buf.validate.field).cel = {id: \"x\", expression: \"this.name == 'foo'\"}];",
        "Part a = 1 [(buf.validate.field).cel = {id: \"x\", expression: \"this.count % 3 == 1\"}];",
        "option (buf.validate.message).cel = {id: \"x\", expression: \"this.a.isEmail()\"}; string a = 1;",
        "option (buf.validate.message).cel = {id: \"x\", expression: \"this.a.isIpPrefix()\"}; string a = 1;",
    ];
    for body in both_sides {
        let part = "message Part { string name = 1; int32 count = 2; }";
        let generated = derived(&format!("{part} message BuyRequest {{ {body} }}"));
        assert!(
            generated.uncovered.is_empty(),
            "{body}: {:#?}",
            reasons(&generated)
        );
    }
}
