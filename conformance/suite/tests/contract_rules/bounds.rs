//! Every value has bounds: in requests, to protect the server from values that are too
//! large; in responses, so that they can be checked.

use proofread::contract::Rules;
use prost_protovalidate_types::{Ignore, field_rules::Type, string_rules::WellKnown};
use prost_reflect::Kind;

use super::*;

/// A value that needs bounds: a singular field, or the items, keys or values of a field.
struct FieldValue<'c> {
    location: String,
    kind: Kind,
    rules: Option<&'c Type>,
}

fn field_values(field: &Field) -> Vec<FieldValue<'_>> {
    let rules = field.rules.as_ref();
    let named_value = |suffix: &str, kind, rules| FieldValue {
        location: format!("{}{suffix}", field_location(field)),
        kind,
        rules: enforced_rules(rules),
    };
    let value = field.value_kind();
    let nested = |pick: fn(&Rules) -> &Option<Box<Rules>>| pick(rules?).as_deref();
    if let Some(key) = field.key_kind() {
        return vec![
            named_value(" (keys)", key, nested(|rules| &rules.keys)),
            named_value(" (values)", value, nested(|rules| &rules.values)),
        ];
    }
    if field.descriptor.is_list() {
        return vec![named_value(" (items)", value, nested(|rules| &rules.items))];
    }
    vec![named_value("", value, rules)]
}

/// The rules of the field's type, unless `IGNORE_ALWAYS` disables them.
fn enforced_rules(rules: Option<&Rules>) -> Option<&Type> {
    let rules = rules.filter(|rules| rules.ignore() != Ignore::Always)?;
    rules.standard.r#type.as_ref()
}

/// Which bound a type needs. A wrapper such as `google.protobuf.Int32Value` counts as
/// the wrapped type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum RequiredBound {
    Length,
    Range,
    DefinedOnly,
    Nothing,
}

fn required_bound(kind: &Kind) -> RequiredBound {
    match kind {
        Kind::String | Kind::Bytes => RequiredBound::Length,
        Kind::Enum(_) => RequiredBound::DefinedOnly,
        Kind::Bool => RequiredBound::Nothing,
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.StringValue" | "google.protobuf.BytesValue" => RequiredBound::Length,
            "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int32Value"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.UInt64Value" => RequiredBound::Range,
            _ => RequiredBound::Nothing,
        },
        _ => RequiredBound::Range,
    }
}

fn unbounded(checked: &CheckedContract<'_>, bound: RequiredBound) -> Vec<String> {
    let values = checked.fields().flat_map(field_values);
    let offenders = values.filter(|value| {
        required_bound(&value.kind) == bound && !value.rules.is_some_and(is_bounded)
    });
    offenders.map(|value| value.location).collect()
}

/// Lists and maps without a maximum size.
fn collections_without_max_size(checked: &CheckedContract<'_>) -> Vec<String> {
    let collections = checked
        .fields()
        .filter(|field| field.descriptor.is_list() || field.descriptor.is_map());
    let offenders = collections.filter(|field| match enforced_rules(field.rules.as_ref()) {
        Some(Type::Repeated(rules)) => rules.max_items.is_none(),
        Some(Type::Map(rules)) => rules.max_pairs.is_none(),
        _ => true,
    });
    offenders.map(field_location).collect()
}

/// Whether number rules have a lower and an upper bound. If the lower bound is above the
/// upper one, protovalidate accepts the values outside of both, which is not a range.
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
        // Unsigned numbers can't be below zero.
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

/// Whether a format limits the length. An email address does not, because its local part
/// may have any length; nor does an IPv6 address, because of its zone.
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
fn strings_and_bytes_have_a_maximum_length() {
    let contract = bookstore_contract();
    let offenders = unbounded(&CheckedContract::new(&contract), RequiredBound::Length);
    assert_no_offenders(
        "every string and every bytes has max_len, len, max_bytes or a short format",
        &offenders,
    );
}

#[test]
fn numbers_have_both_bounds() {
    let contract = bookstore_contract();
    let offenders = unbounded(&CheckedContract::new(&contract), RequiredBound::Range);
    assert_no_offenders("every number has a lower and an upper bound", &offenders);
}

#[test]
fn enums_accept_only_defined_values() {
    let contract = bookstore_contract();
    let offenders = unbounded(&CheckedContract::new(&contract), RequiredBound::DefinedOnly);
    assert_no_offenders("every enum is defined_only", &offenders);
}

#[test]
fn lists_and_maps_have_a_maximum_size() {
    let contract = bookstore_contract();
    assert_no_offenders(
        "every list has max_items, every map max_pairs",
        &collections_without_max_size(&CheckedContract::new(&contract)),
    );
}

/// Checks that a rule finds exactly the fields named `bad_*` in a message.
fn assert_offending_fields(
    rule: fn(&CheckedContract<'_>) -> Vec<String>,
    fields: &str,
    expected: &[&str],
) {
    let contract = invalid_contract(&format!(
        "enum Kind {{ KIND_UNSPECIFIED = 0; }} message Shop {{ {fields} }}"
    ));
    let checked = CheckedContract::new(&contract);
    let offenders = rule(&CheckedContract {
        contract: &contract,
        packages: checked
            .packages
            .into_iter()
            .filter(|it| it.name == "shop.v1")
            .collect(),
    });
    assert_offenders(&offenders, expected);
}

#[test]
fn strings_and_bytes_without_a_maximum_length_are_found() {
    assert_offending_fields(
        |checked| unbounded(checked, RequiredBound::Length),
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
    assert_offending_fields(
        |checked| unbounded(checked, RequiredBound::Range),
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
fn enums_that_accept_undefined_values_are_found() {
    assert_offending_fields(
        |checked| unbounded(checked, RequiredBound::DefinedOnly),
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
fn lists_and_maps_without_a_maximum_size_are_found() {
    assert_offending_fields(
        collections_without_max_size,
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
