//! Everything has bounds: in requests, so that no caller can send what a server
//! can't hold; in responses, so that a server's answers can be checked.

use proofread::contract::Rules;
use prost_protovalidate_types::{Ignore, field_rules::Type, string_rules::WellKnown};
use prost_reflect::Kind;

use super::*;

/// A value that a field holds: the field itself, or its items, keys or values.
struct Leaf<'c> {
    place: String,
    kind: Kind,
    rules: Option<&'c Type>,
}

fn leaves(field: &Field) -> Vec<Leaf<'_>> {
    let rules = field.rules.as_ref();
    let leaf = |what: &str, kind, rules| Leaf {
        place: format!("{}{what}", place(field)),
        kind,
        rules: checked(rules),
    };
    let value = field.value_kind();
    let nested = |pick: fn(&Rules) -> &Option<Box<Rules>>| pick(rules?).as_deref();
    if let Some(key) = field.key_kind() {
        return vec![
            leaf(" (keys)", key, nested(|rules| &rules.keys)),
            leaf(" (values)", value, nested(|rules| &rules.values)),
        ];
    }
    if field.descriptor.is_list() {
        return vec![leaf(" (items)", value, nested(|rules| &rules.items))];
    }
    vec![leaf("", value, rules)]
}

/// Rules that are never checked are none.
fn checked(rules: Option<&Rules>) -> Option<&Type> {
    let rules = rules.filter(|rules| rules.ignore() != Ignore::Always)?;
    rules.standard.r#type.as_ref()
}

/// The kinds that need bounds. A wrapper such as `google.protobuf.Int32Value`
/// counts as what it wraps.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    Length,
    Range,
    DefinedOnly,
    Nothing,
}

fn needs(kind: &Kind) -> Needs {
    match kind {
        Kind::String | Kind::Bytes => Needs::Length,
        Kind::Enum(_) => Needs::DefinedOnly,
        Kind::Bool => Needs::Nothing,
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.StringValue" | "google.protobuf.BytesValue" => Needs::Length,
            "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int32Value"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.UInt64Value" => Needs::Range,
            _ => Needs::Nothing,
        },
        _ => Needs::Range,
    }
}

fn unbounded(held: &Held<'_>, what: Needs) -> Vec<String> {
    let leaves = held.fields().flat_map(leaves);
    let offenders =
        leaves.filter(|leaf| needs(&leaf.kind) == what && !leaf.rules.is_some_and(is_bounded));
    offenders.map(|leaf| leaf.place).collect()
}

/// Lists and maps without a greatest size.
fn endless(held: &Held<'_>) -> Vec<String> {
    let collections = held
        .fields()
        .filter(|field| field.descriptor.is_list() || field.descriptor.is_map());
    let endless = collections.filter(|field| match checked(field.rules.as_ref()) {
        Some(Type::Repeated(rules)) => rules.max_items.is_none(),
        Some(Type::Map(rules)) => rules.max_pairs.is_none(),
        _ => true,
    });
    endless.map(place).collect()
}

/// Whether rules of numbers keep them within a range, on both sides. Whether the
/// lower bound is below the upper one matters: else the range is turned inside out.
macro_rules! is_range {
    ($rules:expr, $module:ident, $natural_lower:expr) => {{
        use prost_protovalidate_types::$module::{GreaterThan, LessThan};
        let lower = match $rules.greater_than {
            Some(GreaterThan::Gt(bound) | GreaterThan::Gte(bound)) => Some(bound),
            None => $natural_lower,
        };
        let upper = match $rules.less_than {
            Some(LessThan::Lt(bound) | LessThan::Lte(bound)) => Some(bound),
            None => None,
        };
        let is_range = lower
            .zip(upper)
            .is_some_and(|(lower, upper)| lower <= upper);
        is_range || $rules.r#const.is_some() || !$rules.r#in.is_empty()
    }};
}

fn is_bounded(rules: &Type) -> bool {
    match rules {
        Type::Float(rules) => is_range!(rules, float_rules, None),
        Type::Double(rules) => is_range!(rules, double_rules, None),
        Type::Int32(rules) => is_range!(rules, int32_rules, None),
        Type::Int64(rules) => is_range!(rules, int64_rules, None),
        Type::Sint32(rules) => is_range!(rules, s_int32_rules, None),
        Type::Sint64(rules) => is_range!(rules, s_int64_rules, None),
        Type::Sfixed32(rules) => is_range!(rules, s_fixed32_rules, None),
        Type::Sfixed64(rules) => is_range!(rules, s_fixed64_rules, None),
        // What has no sign can't go below zero.
        Type::Uint32(rules) => is_range!(rules, u_int32_rules, Some(0)),
        Type::Uint64(rules) => is_range!(rules, u_int64_rules, Some(0)),
        Type::Fixed32(rules) => is_range!(rules, fixed32_rules, Some(0)),
        Type::Fixed64(rules) => is_range!(rules, fixed64_rules, Some(0)),
        Type::String(rules) => {
            let sizes = [rules.len, rules.max_len, rules.len_bytes, rules.max_bytes];
            sizes.iter().any(Option::is_some)
                || rules.r#const.is_some()
                || !rules.r#in.is_empty()
                || rules.well_known.is_some_and(is_short)
        }
        Type::Bytes(rules) => {
            [rules.len, rules.max_len].iter().any(Option::is_some)
                || rules.r#const.is_some()
                || !rules.r#in.is_empty()
                || rules.well_known.is_some()
        }
        Type::Enum(rules) => {
            rules.defined_only() || rules.r#const.is_some() || !rules.r#in.is_empty()
        }
        _ => false,
    }
}

/// The formats that limit the length. An email address does not: its local part
/// may be as long as one likes. Nor does an IPv6 address, because of its zone.
fn is_short(format: WellKnown) -> bool {
    matches!(
        format,
        WellKnown::Uuid(true)
            | WellKnown::Tuuid(true)
            | WellKnown::Ulid(true)
            | WellKnown::Hostname(true)
            | WellKnown::Ipv4(true)
            | WellKnown::Ipv4WithPrefixlen(true)
            | WellKnown::Ipv4Prefix(true)
    )
}

#[test]
fn strings_and_bytes_have_a_greatest_length() {
    let contract = ours();
    let offenders = unbounded(&Held::of(&contract), Needs::Length);
    expect_none(
        "every string and every bytes has max_len, len, max_bytes or a short format",
        &offenders,
    );
}

#[test]
fn numbers_have_both_bounds() {
    let contract = ours();
    let offenders = unbounded(&Held::of(&contract), Needs::Range);
    expect_none("every number has a lower and an upper bound", &offenders);
}

#[test]
fn enums_take_defined_values_only() {
    let contract = ours();
    let offenders = unbounded(&Held::of(&contract), Needs::DefinedOnly);
    expect_none("every enum is defined_only", &offenders);
}

#[test]
fn lists_and_maps_have_a_greatest_size() {
    let contract = ours();
    expect_none(
        "every list has max_items, every map max_pairs",
        &endless(&Held::of(&contract)),
    );
}

/// The fields of a message of which those named `bad` are offenders.
fn found(what: fn(&Held<'_>) -> Vec<String>, fields: &str, expected: &[&str]) {
    let contract = bad(&format!(
        "enum Kind {{ KIND_UNSPECIFIED = 0; }} message Shop {{ {fields} }}"
    ));
    let held = Held::of(&contract);
    let offenders = what(&Held {
        contract: &contract,
        packages: held
            .packages
            .into_iter()
            .filter(|it| it.name == "shop.v1")
            .collect(),
    });
    expect_found(&offenders, expected);
}

#[test]
fn strings_and_bytes_without_a_greatest_length_are_found() {
    found(
        |held| unbounded(held, Needs::Length),
        r#"
        string bad_a = 1;
        string bad_b = 2 [(buf.validate.field).string.min_len = 1];
        string bad_c = 3 [(buf.validate.field).string.email = true];
        string bad_d = 4 [(buf.validate.field) = {ignore: IGNORE_ALWAYS string: {max_len: 5}}];
        bytes bad_e = 5;
        google.protobuf.StringValue bad_f = 6;
        repeated string bad_g = 7 [(buf.validate.field).repeated.max_items = 5];
        map<string, bytes> bad_h = 8 [(buf.validate.field).map.max_pairs = 5];
        string good_a = 9 [(buf.validate.field).string.max_len = 5];
        string good_b = 10 [(buf.validate.field).string.uuid = true];
        string good_c = 11 [(buf.validate.field).string.max_bytes = 5];
        bytes good_d = 12 [(buf.validate.field).bytes.len = 5];
        google.protobuf.StringValue good_e = 13 [(buf.validate.field).string.len = 5];
        repeated string good_f = 14 [(buf.validate.field).repeated.items.string.max_len = 5];
        "#,
        &[
            "bad_a",
            "bad_b",
            "bad_c",
            "bad_d",
            "bad_e",
            "bad_f",
            "bad_g (items)",
            "bad_h (keys)",
            "bad_h (values)",
        ],
    );
}

#[test]
fn numbers_without_both_bounds_are_found() {
    found(
        |held| unbounded(held, Needs::Range),
        r#"
        int32 bad_a = 1;
        int64 bad_b = 2 [(buf.validate.field).int64.gte = 1];
        double bad_c = 3 [(buf.validate.field).double = {finite: true lte: 5}];
        sint32 bad_d = 4 [(buf.validate.field).sint32 = {gte: 5 lte: 1}];
        repeated fixed64 bad_e = 5 [(buf.validate.field).repeated.max_items = 5];
        google.protobuf.Int64Value bad_f = 6;
        int32 good_a = 7 [(buf.validate.field).int32 = {gte: 1 lte: 5}];
        uint32 good_b = 8 [(buf.validate.field).uint32.lt = 5];
        float good_c = 9 [(buf.validate.field).float = {in: [1, 2]}];
        bool good_d = 10;
        "#,
        &["bad_a", "bad_b", "bad_c", "bad_d", "bad_e (items)", "bad_f"],
    );
}

#[test]
fn enums_with_other_values_are_found() {
    found(
        |held| unbounded(held, Needs::DefinedOnly),
        r#"
        Kind bad_a = 1;
        Kind bad_b = 2 [(buf.validate.field).enum = {not_in: [0]}];
        repeated Kind bad_c = 3 [(buf.validate.field).repeated.max_items = 5];
        Kind good_a = 4 [(buf.validate.field).enum.defined_only = true];
        Kind good_b = 5 [(buf.validate.field).enum = {in: [0]}];
        "#,
        &["bad_a", "bad_b", "bad_c (items)"],
    );
}

#[test]
fn lists_and_maps_without_a_greatest_size_are_found() {
    found(
        endless,
        r#"
        repeated Shop bad_a = 1;
        repeated int32 bad_b = 2 [(buf.validate.field).repeated.min_items = 1];
        map<string, Shop> bad_c = 3;
        repeated Shop good_a = 4 [(buf.validate.field).repeated.max_items = 5];
        map<string, Shop> good_b = 5 [(buf.validate.field).map.max_pairs = 5];
        "#,
        &["bad_a", "bad_b", "bad_c"],
    );
}
