use super::*;
use crate::testing::shop;

const SERVICE: &str = "service Shop { rpc Ask(Request) returns (Answer); } message Answer {}";

/// The outcome of each field of the request, by path.
fn decide_all(messages: &str) -> Vec<(String, Unset)> {
    let image = shop(&format!("{SERVICE} {messages}"));
    let contract = Contract::decode(&image).expect("the contract is sound");
    let unset = UnsetFields::decide(&contract);
    let method = contract.methods().next().expect("it has a method");
    let fields = unset.of_method(method).into_iter();
    fields.map(|field| (field.path, field.unset)).collect()
}

/// Decides for one field of a request, in which `oneof`s and more may stand too.
fn decide_one(field: &str) -> Unset {
    let fields = decide_all(&format!(
        "enum Kind {{ KIND_UNSPECIFIED = 0; KIND_ONE = 1; }} message Item {{}} \
         message Request {{ {field} }}"
    ));
    fields
        .into_iter()
        .next()
        .expect("the request has a field")
        .1
}

fn refused(rules: &[&str]) -> Unset {
    Unset::Refused {
        rules: rules.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn rules_that_exclude_the_zero_value_refuse_an_unset_field() {
    let cases: [(&str, &[&str]); 22] = [
        (
            "int32 f = 1 [(buf.validate.field).int32 = {gte: 1 lte: 9}];",
            &["int32.gte_lte"],
        ),
        (
            "int32 f = 1 [(buf.validate.field).int32.gt = 0];",
            &["int32.gt"],
        ),
        (
            "int32 f = 1 [(buf.validate.field).int32.lt = 0];",
            &["int32.lt"],
        ),
        (
            "int64 f = 1 [(buf.validate.field).int64.const = 5];",
            &["int64.const"],
        ),
        (
            "uint32 f = 1 [(buf.validate.field).uint32 = {in: [1, 2]}];",
            &["uint32.in"],
        ),
        (
            "double f = 1 [(buf.validate.field).double = {gt: 0}];",
            &["double.gt"],
        ),
        (
            "bool f = 1 [(buf.validate.field).bool.const = true];",
            &["bool.const"],
        ),
        (
            "string f = 1 [(buf.validate.field).string.min_len = 1];",
            &["string.min_len"],
        ),
        (
            "string f = 1 [(buf.validate.field).string.uuid = true];",
            &["string.uuid_empty"],
        ),
        (
            "string f = 1 [(buf.validate.field).string.email = true];",
            &["string.email_empty"],
        ),
        (
            "string f = 1 [(buf.validate.field).string.pattern = \"^a\"];",
            &["string.pattern"],
        ),
        (
            "string f = 1 [(buf.validate.field).string = {min_len: 1 pattern: \"^a\"}];",
            &["string.min_len", "string.pattern"],
        ),
        (
            "bytes f = 1 [(buf.validate.field).bytes.len = 16];",
            &["bytes.len"],
        ),
        (
            "Kind f = 1 [(buf.validate.field).enum = {not_in: [0]}];",
            &["enum.not_in"],
        ),
        (
            "Kind f = 1 [(buf.validate.field).required = true];",
            &["required"],
        ),
        (
            "Item f = 1 [(buf.validate.field).required = true];",
            &["required"],
        ),
        (
            "optional int32 f = 1 [(buf.validate.field).required = true];",
            &["required"],
        ),
        (
            "repeated Item f = 1 [(buf.validate.field).repeated.min_items = 1];",
            &["repeated.min_items"],
        ),
        (
            "map<string, Item> f = 1 [(buf.validate.field).map.min_pairs = 1];",
            &["map.min_pairs"],
        ),
        (
            "google.protobuf.Duration f = 1 [(buf.validate.field).required = true];",
            &["required"],
        ),
        (
            "int32 f = 1 [(buf.validate.field).cel = {id: \"mine\" expression: \"this > 0\"}];",
            &["mine"],
        ),
        // A meaning that can never come true does not hide the refusal.
        (
            "int32 f = 1 [(proofread.v1.unset) = \"all\", (buf.validate.field).int32.gt = 0];",
            &["int32.gt"],
        ),
    ];
    for (field, rules) in cases {
        assert_eq!(decide_one(field), refused(rules), "{field}");
    }
}

#[test]
fn rules_that_let_the_unset_value_pass_leave_the_field_silent() {
    let cases = [
        "int32 f = 1;",
        "int32 f = 1 [(buf.validate.field).int32 = {gte: 0 lte: 9}];",
        "string f = 1 [(buf.validate.field).string.max_len = 9];",
        "string f = 1 [(buf.validate.field).string.pattern = \"^a?$\"];",
        "string f = 1 [(buf.validate.field) = {ignore: IGNORE_IF_ZERO_VALUE string: {uuid: true}}];",
        "string f = 1 [(buf.validate.field) = {ignore: IGNORE_ALWAYS required: true}];",
        // An absent field is not checked, whatever its rules.
        "optional int32 f = 1 [(buf.validate.field).int32 = {gte: 1 lte: 9}];",
        "google.protobuf.Duration f = 1 [(buf.validate.field).duration.gt = {}];",
        // Rules of items say nothing about an empty list.
        "repeated string f = 1 [(buf.validate.field).repeated.items.string.min_len = 1];",
        "int32 f = 1 [(proofread.v1.unset) = \" \"];",
    ];
    for field in cases {
        assert_eq!(decide_one(field), Unset::Silent, "{field}");
    }
}

#[test]
fn a_declared_meaning_is_what_unset_means() {
    let field = "int32 f = 1 [(proofread.v1.unset) = \"20 a page\"];";
    assert_eq!(decide_one(field), Unset::Means("20 a page".to_owned()));
}

#[test]
fn a_member_of_a_required_oneof_is_refused_unless_another_one_is_set() {
    let real =
        "oneof key { option (buf.validate.oneof).required = true; string a = 1; int32 b = 2; }";
    let virtual_one = "option (buf.validate.message).oneof = {fields: [\"a\", \"b\"] required: true}; \
         string a = 1; int32 b = 2;";
    for (fields, rule) in [(real, "required"), (virtual_one, "message.oneof")] {
        let alone = Unset::RefusedAlone {
            others: vec!["b".to_owned()],
            rule: rule.to_owned(),
        };
        assert_eq!(decide_one(fields), alone, "{fields}");
    }
    assert_eq!(
        decide_one("oneof key { string a = 1; int32 b = 2; }"),
        Unset::Silent
    );
}

#[test]
fn rules_that_can_not_be_evaluated_are_broken() {
    let field = "int32 f = 1 [(buf.validate.field).string.min_len = 1];";
    assert!(matches!(decide_one(field), Unset::Broken { .. }));
}

#[test]
fn fields_of_nested_messages_are_found_at_every_depth() {
    let fields = decide_all(
        "message Request { repeated Import books = 1; map<string, Price> prices = 2; Tree tree = 3; } \
         message Import { Book book = 1; } \
         message Book { string title = 1 [(buf.validate.field).string.min_len = 1]; } \
         message Price { int64 amount = 1; } \
         message Tree { repeated Tree children = 1; google.protobuf.Timestamp time = 2; }",
    );
    let paths: Vec<&str> = fields.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "books",
            "books[].book",
            "books[].book.title",
            "prices",
            "prices{}.amount",
            "tree",
            "tree.children",
            "tree.time",
        ]
    );
    assert_eq!(fields[2].1, refused(&["string.min_len"]));
    assert_eq!(fields[4].1, Unset::Silent);
}

#[test]
fn fields_that_are_only_answered_have_no_outcome() {
    let image = shop(
        "service Shop { rpc Ask(Request) returns (Answer); } \
         message Request { int32 a = 1; } message Answer { int32 b = 1; }",
    );
    let contract = Contract::decode(&image).expect("the contract is sound");
    let unset = UnsetFields::decide(&contract);
    let field = |message: &str| &contract.message(message).expect("it exists").fields[0];
    assert_eq!(unset.of(field("shop.v1.Request")), Some(&Unset::Silent));
    assert_eq!(unset.of(field("shop.v1.Answer")), None);
}

#[test]
fn what_the_server_sees_of_an_unset_field_is_said() {
    let cases = [
        ("int32 f = 1;", "`0`"),
        ("string f = 1;", "`\"\"`"),
        ("bytes f = 1;", "no bytes"),
        ("bool f = 1;", "`false`"),
        ("Kind f = 1;", "`KIND_UNSPECIFIED` (0)"),
        ("repeated int32 f = 1;", "empty list"),
        ("map<int32, int32> f = 1;", "empty map"),
        ("optional int32 f = 1;", "absent"),
        ("google.protobuf.Timestamp f = 1;", "absent"),
        ("oneof o { int32 f = 1; }", "absent"),
    ];
    for (field, expected) in cases {
        let image = shop(&format!(
            "enum Kind {{ KIND_UNSPECIFIED = 0; }} message Request {{ {field} }}"
        ));
        let contract = Contract::decode(&image).expect("the contract is sound");
        let message = contract.message("shop.v1.Request").expect("it exists");
        assert_eq!(seen_by_the_server(&message.fields[0]), expected, "{field}");
    }
}
