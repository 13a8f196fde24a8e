use super::*;
use crate::testing::shop;

const SERVICE: &str = "service Shop { rpc Ask(Request) returns (Answer); } message Answer {}";

/// The path and the behaviour of each field of the request.
fn analyse_all(messages: &str) -> Vec<(String, UnsetBehaviour)> {
    let image = shop(&format!("{SERVICE} {messages}"));
    let contract = Contract::decode(&image).expect("the contract is sound");
    let unset = UnsetAnalysis::new(&contract);
    let method = contract.methods().next().expect("it has a method");
    let fields = unset.of_method(method).into_iter();
    fields.map(|field| (field.path, field.unset)).collect()
}

/// Analyses the first field of a request with this body.
fn analyse_one(field: &str) -> UnsetBehaviour {
    let fields = analyse_all(&format!(
        "enum Kind {{ KIND_UNSPECIFIED = 0; KIND_ONE = 1; }} message Item {{}} \
         message Request {{ {field} }}"
    ));
    fields
        .into_iter()
        .next()
        .expect("the request has a field")
        .1
}

fn refused(rules: &[&str]) -> UnsetBehaviour {
    UnsetBehaviour::Refused {
        rules: rules.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn unset_field_is_refused_if_rules_exclude_zero() {
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
        // A declared meaning does not hide a rule that refuses the unset value.
        (
            "int32 f = 1 [(proofread.v1.unset) = \"all\", (buf.validate.field).int32.gt = 0];",
            &["int32.gt"],
        ),
    ];
    for (field, rules) in cases {
        assert_eq!(analyse_one(field), refused(rules), "{field}");
    }
}

#[test]
fn unset_field_is_undeclared_if_rules_accept_it() {
    let cases = [
        "int32 f = 1;",
        "int32 f = 1 [(buf.validate.field).int32 = {gte: 0 lte: 9}];",
        "string f = 1 [(buf.validate.field).string.max_len = 9];",
        "string f = 1 [(buf.validate.field).string.pattern = \"^a?$\"];",
        "string f = 1 [(buf.validate.field) = {ignore: IGNORE_IF_ZERO_VALUE string: {uuid: true}}];",
        "string f = 1 [(buf.validate.field) = {ignore: IGNORE_ALWAYS required: true}];",
        // The rules of an absent field are not checked.
        "optional int32 f = 1 [(buf.validate.field).int32 = {gte: 1 lte: 9}];",
        "google.protobuf.Duration f = 1 [(buf.validate.field).duration.gt = {}];",
        // The rules of items do not apply to an empty list.
        "repeated string f = 1 [(buf.validate.field).repeated.items.string.min_len = 1];",
        "int32 f = 1 [(proofread.v1.unset) = \" \"];",
    ];
    for field in cases {
        assert_eq!(analyse_one(field), UnsetBehaviour::Undeclared, "{field}");
    }
}

#[test]
fn declared_meaning_is_returned() {
    let field = "int32 f = 1 [(proofread.v1.unset) = \"20 a page\"];";
    assert_eq!(
        analyse_one(field),
        UnsetBehaviour::Means("20 a page".to_owned())
    );
}

#[test]
fn required_oneof_member_is_refused_unless_another_is_set() {
    let real =
        "oneof key { option (buf.validate.oneof).required = true; string a = 1; int32 b = 2; }";
    let virtual_one = "option (buf.validate.message).oneof = {fields: [\"a\", \"b\"] required: true}; \
         string a = 1; int32 b = 2;";
    for (fields, rule) in [(real, "required"), (virtual_one, "message.oneof")] {
        let alone = UnsetBehaviour::RefusedUnlessOther {
            others: vec!["b".to_owned()],
            rule: rule.to_owned(),
        };
        assert_eq!(analyse_one(fields), alone, "{fields}");
    }
    assert_eq!(
        analyse_one("oneof key { string a = 1; int32 b = 2; }"),
        UnsetBehaviour::Undeclared
    );
}

#[test]
fn rules_of_the_wrong_type_are_invalid() {
    let field = "int32 f = 1 [(buf.validate.field).string.min_len = 1];";
    assert!(matches!(
        analyse_one(field),
        UnsetBehaviour::InvalidRules { .. }
    ));
}

#[test]
fn nested_fields_are_listed_at_every_depth() {
    let fields = analyse_all(
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
    assert_eq!(fields[4].1, UnsetBehaviour::Undeclared);
}

#[test]
fn response_fields_have_no_unset_behaviour() {
    let image = shop(
        "service Shop { rpc Ask(Request) returns (Answer); } \
         message Request { int32 a = 1; } message Answer { int32 b = 1; }",
    );
    let contract = Contract::decode(&image).expect("the contract is sound");
    let unset = UnsetAnalysis::new(&contract);
    let field = |message: &str| &contract.message(message).expect("it exists").fields[0];
    assert_eq!(
        unset.of(field("shop.v1.Request")),
        Some(&UnsetBehaviour::Undeclared)
    );
    assert_eq!(unset.of(field("shop.v1.Answer")), None);
}

#[test]
fn value_seen_by_the_server_is_described() {
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
        assert_eq!(
            value_seen_by_server(&message.fields[0]),
            expected,
            "{field}"
        );
    }
}
