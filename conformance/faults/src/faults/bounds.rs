//! Faults in how a server checks rules: off by one, counting in the wrong unit, comparing
//! as the wrong type, checking only some items.

use proofread::{
    case::Phase::{Boundary, Random},
    finding::FindingKind::{RuleNotChecked, ValidRefused},
};
use prost_reflect::{DynamicMessage, Value};

use super::{
    Fault,
    fault_behaviour::{IgnoreViolations, RefuseValid},
};
use crate::{field_values, refusal::ViolationId};

/// Ignores violations of this field in requests for which `when` is true.
fn misses<F: Fn(&DynamicMessage) -> bool + Send + Sync>(
    path: &'static str,
    when: F,
) -> IgnoreViolations<impl Fn(&ViolationId, &[DynamicMessage]) -> bool> {
    IgnoreViolations(
        move |violation: &ViolationId, messages: &[DynamicMessage]| {
            violation.path == path && messages.iter().any(&when)
        },
    )
}

/// Refuses requests for which `when` is true, reporting this rule of this field.
fn refuses<F: Fn(&DynamicMessage) -> bool + Send + Sync>(
    path: &'static str,
    rule: &'static str,
    when: F,
) -> RefuseValid<F> {
    RefuseValid { path, rule, when }
}

fn has_more_items(message: &DynamicMessage, path: &str, count: usize) -> bool {
    field_values::items(message, path).len() > count
}

const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const INT64: &str = "/rules.v1.NumberService/CheckInt64";
const UINT64: &str = "/rules.v1.NumberService/CheckUint64";
const UINT32: &str = "/rules.v1.NumberService/CheckUint32";
const DOUBLE: &str = "/rules.v1.NumberService/CheckDouble";
const FLOAT: &str = "/rules.v1.NumberService/CheckFloat";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";
const NAMES: &str = "/rules.v1.StringService/CheckNames";
const ADDRESSES: &str = "/rules.v1.StringService/CheckAddresses";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const MAPS: &str = "/rules.v1.StructureService/CheckMaps";
const BOOLS_AND_ENUMS: &str = "/rules.v1.StructureService/CheckBoolsAndEnums";
const DURATIONS: &str = "/rules.v1.StructureService/CheckDurations";
const TIMESTAMPS: &str = "/rules.v1.StructureService/CheckTimestamps";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let accepted = (Boundary, RuleNotChecked);
    let refused = (Boundary, ValidRefused);
    let mut faults = vec![
        Fault::new("bounds/lt-is-lte", "accepts an exclusive bound", INT32, accepted,
            misses("below", |it| field_values::integer(it, "below") == Some(10))),
        Fault::new("bounds/gte-is-gt", "refuses an inclusive bound", INT32, refused,
            refuses("at_least", "int32.gte", |it| field_values::integer(it, "at_least") == Some(-20))),
        Fault::new("bounds/upper-one-more", "accepts the upper bound of a range plus one", RECOMMEND, accepted,
            misses("max_results", |it| field_values::integer(it, "max_results") == Some(101))),
        Fault::new("bounds/upper-one-less", "refuses the upper bound of a range", RECOMMEND, refused,
            refuses("max_results", "int32.gte_lte", |it| field_values::integer(it, "max_results") == Some(100))),
        Fault::new("bounds/outside-is-inside", "accepts values between two bounds where only values outside are valid", UINT32, accepted,
            misses("gt_lt_outside", |it| field_values::integer(it, "gt_lt_outside").is_some_and(|it| (5..=12).contains(&it)))),
        Fault::new("bounds/int64-as-double", "compares 64-bit integers as doubles, so that 2^53 equals 2^53+1", INT64, accepted,
            misses("exact", |it| field_values::integer(it, "exact") == Some(9_007_199_254_740_992))),
        Fault::new("bounds/uint64-as-int64", "treats the upper half of uint64 as negative numbers", UINT64, refused,
            refuses("gte_lte", "uint64.gte_lte", |it| field_values::integer(it, "gte_lte").is_some_and(|it| it > i128::from(i64::MAX)))),
        Fault::new("bounds/negative-refused", "refuses negative numbers in a range that includes them", INT32, refused,
            refuses("gte_lte", "int32.gte_lte", |it| field_values::integer(it, "gte_lte").is_some_and(|it| it < 0))),
        Fault::new("bounds/not-a-number-accepted", "accepts NaN, because all comparisons with it are false", DOUBLE, accepted,
            misses("finite", |it| matches!(field_values::value_if_present(it, "finite"), Some(Value::F64(it)) if it.is_nan()))),
        Fault::new("bounds/infinity-accepted", "accepts infinity where finite values are required", FLOAT, accepted,
            misses("finite", |it| matches!(field_values::value_if_present(it, "finite"), Some(Value::F32(it)) if it.is_infinite()))),
        Fault::new("bounds/first-of-in-only", "accepts only the first of the allowed values", INT32, refused,
            refuses("one_of", "int32.in", |it| field_values::integer(it, "one_of") == Some(5))),
        Fault::new("bounds/last-of-not-in-missed", "refuses only the first of the forbidden values", INT32, accepted,
            misses("none_of", |it| field_values::integer(it, "none_of") == Some(8))),
        Fault::new("bounds/max-len-one-more", "accepts a string that is one character too long", STRINGS, accepted,
            misses("max_len", |it| field_values::text(it, "max_len").chars().count() == 6)),
        Fault::new("bounds/min-len-one-more", "refuses a string of the minimum length", STRINGS, refused,
            refuses("min_len", "string.min_len", |it| field_values::text(it, "min_len").chars().count() == 2)),
        Fault::new("bounds/characters-as-bytes", "counts bytes instead of characters", STRINGS, refused,
            refuses("max_len", "string.max_len", |it| field_values::text(it, "max_len").len() > 5)),
        Fault::new("bounds/pattern-from-start-only", "matches the pattern only at the start of the string", STRINGS, accepted,
            misses("pattern", |it| {
                let text = field_values::text(it, "pattern");
                let mut parts = text.splitn(2, '-');
                let letters = parts.next().unwrap_or_default();
                let digits = parts.next().unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
                letters.len() == 2 && letters.bytes().all(|it| it.is_ascii_uppercase()) && digits >= 3
            })),
        Fault::new("bounds/len-bytes-off", "accepts five bytes instead of four", STRINGS, accepted,
            misses("len_bytes", |it| field_values::text(it, "len_bytes").len() == 5)),
        Fault::new("bounds/email-any", "accepts any string that is not empty as an email address", NAMES, accepted,
            misses("email", |it| !field_values::text(it, "email").is_empty())),
        Fault::new("bounds/ip-v4-only", "refuses IPv6 addresses", ADDRESSES, refused,
            refuses("ip", "string.ip", |it| field_values::text(it, "ip").contains(':'))),
        Fault::new("bounds/first-item-only", "validates only the first item of a list", LISTS, accepted,
            IgnoreViolations(|violation: &ViolationId, messages: &[DynamicMessage]| violation.path == "items[]"
                && messages.iter().any(|it| has_more_items(it, "items", 1) && first_item_is_valid(it)))),
        Fault::new("bounds/last-item-missed", "does not validate the last item of a list", BATCH, accepted,
            IgnoreViolations(|violation: &ViolationId, messages: &[DynamicMessage]| violation.path == "book_ids[]" && messages.iter().any(only_last_is_invalid))),
        Fault::new("bounds/min-items-one-less", "accepts a list with one item too few", LISTS, accepted,
            misses("min_items", |it| field_values::items(it, "min_items").len() == 1)),
        Fault::new("bounds/max-items-one-less", "refuses a list with the maximum number of items", LISTS, refused,
            refuses("max_items", "repeated.max_items", |it| field_values::items(it, "max_items").len() == 3)),
        Fault::new("bounds/max-pairs-one-more", "accepts a map with one entry too many", MAPS, accepted,
            misses("max_pairs", |it| matches!(field_values::value_if_present(it, "max_pairs"), Some(Value::Map(it)) if it.len() == 3))),
        Fault::new("bounds/unknown-number-refused", "refuses an unknown number of an open enum", BOOLS_AND_ENUMS, refused,
            refuses("none_of", "enum.defined_only", |it| !matches!(field_values::integer(it, "none_of"), Some(-1..=2 | 2_147_483_647)))),
        Fault::new("bounds/negative-enum-refused", "refuses a defined negative enum number", BOOLS_AND_ENUMS, refused,
            refuses("defined", "enum.defined_only", |it| field_values::integer(it, "defined") == Some(-1))),
        Fault::new("bounds/nanos-of-duration", "compares only the seconds of durations", DURATIONS, accepted,
            misses("below", |it| field_values::time(it, "below").is_some_and(|(seconds, _)| seconds <= 1))),
        Fault::new("bounds/nanos-of-timestamp", "compares only the seconds of timestamps", TIMESTAMPS, accepted,
            misses("below", |it| field_values::time(it, "below").is_some_and(|(seconds, _)| seconds == 946_684_800))),
        Fault::new("bounds/past-is-any-time", "accepts future timestamps where past ones are required", TIMESTAMPS, accepted,
            misses("past", |it| field_values::value_if_present(it, "past").is_some())),
    ];
    faults.extend(streams());
    faults.extend(middle_of_ranges());
    faults
}

/// Faults that affect values far from all bounds: only random cases detect them.
#[rustfmt::skip]
fn middle_of_ranges() -> Vec<Fault> {
    vec![
        Fault::new("middle/valid-number-refused", "refuses one number in the middle of a valid range", INT32, (Random, ValidRefused),
            refuses("gte_lte", "int32.gte_lte", |it| field_values::integer(it, "gte_lte") == Some(4))),
        Fault::new("middle/excluded-numbers-accepted", "accepts some numbers in the middle of an excluded range", UINT32, (Random, RuleNotChecked),
            misses("gt_lt_outside", |it| field_values::integer(it, "gt_lt_outside").is_some_and(|it| (7..=10).contains(&it)))),
        Fault::new("middle/single-invalid-item-accepted", "accepts a list item that violates its rule, but only some values", LISTS, (Random, RuleNotChecked),
            misses("packed[]", |it| field_values::items(it, "packed").iter().any(|it| it.as_i32().is_some_and(|it| it > 1000)))),
        Fault::new("middle/two-violations-accepted", "accepts a request that violates two certain rules at once", RECOMMEND, (Random, RuleNotChecked),
            IgnoreViolations(|_: &ViolationId, messages: &[DynamicMessage]| messages.iter().any(|it|
                !field_values::is_unset(it, "user_id") && field_values::integer(it, "max_results").is_some_and(|it| it > 1000)))),
    ]
}

/// Faults in the validation of streams.
#[rustfmt::skip]
fn streams() -> Vec<Fault> {
    const SUM_WEIGHTS: &str = "/rules.v1.BehaviourService/SumWeights";
    const COUNT: &str = "/rules.v1.BehaviourService/Count";
    const REVERSE_WORDS: &str = "/rules.v1.BehaviourService/ReverseWords";
    let accepted = (Boundary, RuleNotChecked);
    let all = |_: &ViolationId, _: &[DynamicMessage]| true;
    vec![
        Fault::new("bounds/client-stream-not-checked", "does not validate the messages of a client stream", SUM_WEIGHTS, accepted, IgnoreViolations(all)),
        Fault::new("bounds/server-stream-not-checked", "does not validate the request of a server stream", COUNT, accepted, IgnoreViolations(all)),
        Fault::new("bounds/bidirectional-not-checked", "does not validate the messages of a bidirectional stream", REVERSE_WORDS, accepted, IgnoreViolations(all)),
        Fault::new("bounds/first-message-only", "validates only the first message of a stream", SUM_WEIGHTS, accepted,
            IgnoreViolations(|_: &ViolationId, messages: &[DynamicMessage]| messages.len() > 1
                && messages.first().is_some_and(|it| field_values::integer(it, "grams").is_some_and(|it| it >= 1)))),
    ]
}

/// Whether the first item has a valid length of one to three characters.
fn first_item_is_valid(message: &DynamicMessage) -> bool {
    let items = field_values::items(message, "items");
    let first = items.first().and_then(Value::as_str);
    first.is_some_and(|first| (1..=3).contains(&first.chars().count()))
}

/// Whether only the last of several book ids is invalid.
fn only_last_is_invalid(message: &DynamicMessage) -> bool {
    let items = field_values::items(message, "book_ids");
    let numbers: Vec<i32> = items.iter().filter_map(Value::as_i32).collect();
    let is_invalid = |number: &i32| !(1..=999_999_999).contains(number);
    match numbers.split_last() {
        Some((last, rest)) => !rest.is_empty() && is_invalid(last) && !rest.iter().any(is_invalid),
        None => false,
    }
}
