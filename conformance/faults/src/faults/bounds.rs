//! Faults about values near the bounds of a rule: off by one, counted in the wrong
//! unit, compared in the wrong type, looked for in the wrong place.

use proofread::{
    case::Phase::{Boundary, Random},
    finding::FindingKind::{RuleNotChecked, ValidRefused},
};
use prost_reflect::{DynamicMessage, Value};

use super::{
    Fault,
    wrong::{Forgiving, Refuse},
};
use crate::{refusal::Named, values};

/// Does not see what breaks this rule of this field, for some requests.
fn misses<F: Fn(&DynamicMessage) -> bool + Send + Sync>(
    path: &'static str,
    when: F,
) -> Forgiving<impl Fn(&Named, &[DynamicMessage]) -> bool> {
    Forgiving(move |named: &Named, messages: &[DynamicMessage]| {
        named.path == path && messages.iter().any(&when)
    })
}

/// Refuses some requests for this rule of this field.
fn refuses<F: Fn(&DynamicMessage) -> bool + Send + Sync>(
    path: &'static str,
    rule: &'static str,
    when: F,
) -> Refuse<F> {
    Refuse { path, rule, when }
}

fn is_after(message: &DynamicMessage, path: &str, place: usize) -> bool {
    values::items(message, path).len() > place
}

const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const INT64: &str = "/rules.v1.NumberService/CheckInt64";
const UINT64: &str = "/rules.v1.NumberService/CheckUint64";
const UINT32: &str = "/rules.v1.NumberService/CheckUint32";
const DOUBLE: &str = "/rules.v1.NumberService/CheckDouble";
const FLOAT: &str = "/rules.v1.NumberService/CheckFloat";
const TEXTS: &str = "/rules.v1.TextService/CheckTexts";
const NAMES: &str = "/rules.v1.TextService/CheckNames";
const ADDRESSES: &str = "/rules.v1.TextService/CheckAddresses";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const MAPS: &str = "/rules.v1.StructureService/CheckMaps";
const CHOICES: &str = "/rules.v1.StructureService/CheckChoices";
const DURATIONS: &str = "/rules.v1.StructureService/CheckDurations";
const TIMESTAMPS: &str = "/rules.v1.StructureService/CheckTimestamps";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let accepted = (Boundary, RuleNotChecked);
    let refused = (Boundary, ValidRefused);
    let mut faults = vec![
        Fault::new("bounds/lt-is-lte", "accepts the bound itself where it is excluded", INT32, accepted,
            misses("below", |it| values::whole(it, "below") == Some(10))),
        Fault::new("bounds/gte-is-gt", "refuses the bound itself where it is included", INT32, refused,
            refuses("at_least", "int32.gte", |it| values::whole(it, "at_least") == Some(-20))),
        Fault::new("bounds/upper-one-more", "accepts one more than the upper bound of a range", RECOMMEND, accepted,
            misses("max_results", |it| values::whole(it, "max_results") == Some(101))),
        Fault::new("bounds/upper-one-less", "refuses the upper bound of a range", RECOMMEND, refused,
            refuses("max_results", "int32.gte_lte", |it| values::whole(it, "max_results") == Some(100))),
        Fault::new("bounds/outside-is-inside", "accepts what is inside of two bounds where outside is meant", UINT32, accepted,
            misses("gt_lt_outside", |it| values::whole(it, "gt_lt_outside").is_some_and(|it| (5..=12).contains(&it)))),
        Fault::new("bounds/int64-as-double", "compares 64 bits as doubles, so that 2^53 and 2^53+1 are one", INT64, accepted,
            misses("exact", |it| values::whole(it, "exact") == Some(9_007_199_254_740_992))),
        Fault::new("bounds/uint64-as-int64", "takes the upper half of uint64 for negative numbers", UINT64, refused,
            refuses("gte_lte", "uint64.gte_lte", |it| values::whole(it, "gte_lte").is_some_and(|it| it > i128::from(i64::MAX)))),
        Fault::new("bounds/negative-refused", "refuses negative numbers in a range that has some", INT32, refused,
            refuses("gte_lte", "int32.gte_lte", |it| values::whole(it, "gte_lte").is_some_and(|it| it < 0))),
        Fault::new("bounds/not-a-number-accepted", "accepts what is not a number, as all comparisons with it are false", DOUBLE, accepted,
            misses("finite", |it| matches!(values::present(it, "finite"), Some(Value::F64(it)) if it.is_nan()))),
        Fault::new("bounds/infinity-accepted", "accepts infinity where finite is meant", FLOAT, accepted,
            misses("finite", |it| matches!(values::present(it, "finite"), Some(Value::F32(it)) if it.is_infinite()))),
        Fault::new("bounds/first-of-in-only", "accepts only the first of the values that there are", INT32, refused,
            refuses("one_of", "int32.in", |it| values::whole(it, "one_of") == Some(5))),
        Fault::new("bounds/last-of-not-in-missed", "refuses only the first of the values that there must not be", INT32, accepted,
            misses("none_of", |it| values::whole(it, "none_of") == Some(8))),
        Fault::new("bounds/max-len-one-more", "accepts a text of one character more than there may be", TEXTS, accepted,
            misses("max_len", |it| values::text(it, "max_len").chars().count() == 6)),
        Fault::new("bounds/min-len-one-more", "refuses a text of the least length", TEXTS, refused,
            refuses("min_len", "string.min_len", |it| values::text(it, "min_len").chars().count() == 2)),
        Fault::new("bounds/characters-as-bytes", "counts bytes where characters are meant", TEXTS, refused,
            refuses("max_len", "string.max_len", |it| values::text(it, "max_len").len() > 5)),
        Fault::new("bounds/pattern-from-start-only", "does not hold the end of a text to the pattern", TEXTS, accepted,
            misses("pattern", |it| {
                let text = values::text(it, "pattern");
                let mut parts = text.splitn(2, '-');
                let letters = parts.next().unwrap_or_default();
                let digits = parts.next().unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
                letters.len() == 2 && letters.bytes().all(|it| it.is_ascii_uppercase()) && digits >= 3
            })),
        Fault::new("bounds/len-bytes-off", "accepts five bytes for four", TEXTS, accepted,
            misses("len_bytes", |it| values::text(it, "len_bytes").len() == 5)),
        Fault::new("bounds/email-any", "takes any text that is not empty for a mail address", NAMES, accepted,
            misses("email", |it| !values::text(it, "email").is_empty())),
        Fault::new("bounds/ip-v4-only", "knows no addresses of version 6", ADDRESSES, refused,
            refuses("ip", "string.ip", |it| values::text(it, "ip").contains(':'))),
        Fault::new("bounds/first-item-only", "holds only the first item of a list to its rules", LISTS, accepted,
            Forgiving(|named: &Named, messages: &[DynamicMessage]| named.path == "items[]"
                && messages.iter().any(|it| is_after(it, "items", 1) && first_item_keeps(it)))),
        Fault::new("bounds/last-item-missed", "does not look at the last item of a list", BATCH, accepted,
            Forgiving(|named: &Named, messages: &[DynamicMessage]| named.path == "book_ids[]" && messages.iter().any(only_last_breaks))),
        Fault::new("bounds/min-items-one-less", "accepts a list of one item less than there must be", LISTS, accepted,
            misses("min_items", |it| values::items(it, "min_items").len() == 1)),
        Fault::new("bounds/max-items-one-less", "refuses a list of as many items as there may be", LISTS, refused,
            refuses("max_items", "repeated.max_items", |it| values::items(it, "max_items").len() == 3)),
        Fault::new("bounds/max-pairs-one-more", "accepts a map of one pair more than there may be", MAPS, accepted,
            misses("max_pairs", |it| matches!(values::present(it, "max_pairs"), Some(Value::Map(it)) if it.len() == 3))),
        Fault::new("bounds/unknown-number-refused", "refuses a number of an open enum that it does not know", CHOICES, refused,
            refuses("none_of", "enum.defined_only", |it| !matches!(values::whole(it, "none_of"), Some(-1..=2 | 2_147_483_647)))),
        Fault::new("bounds/negative-enum-refused", "refuses the negative number of an enum, which is defined", CHOICES, refused,
            refuses("defined", "enum.defined_only", |it| values::whole(it, "defined") == Some(-1))),
        Fault::new("bounds/nanos-of-duration", "compares durations by their seconds", DURATIONS, accepted,
            misses("below", |it| values::time(it, "below").is_some_and(|(seconds, _)| seconds <= 1))),
        Fault::new("bounds/nanos-of-timestamp", "compares times by their seconds", TIMESTAMPS, accepted,
            misses("below", |it| values::time(it, "below").is_some_and(|(seconds, _)| seconds == 946_684_800))),
        Fault::new("bounds/past-is-any-time", "does not know what time it is", TIMESTAMPS, accepted,
            misses("past", |it| values::present(it, "past").is_some())),
    ];
    faults.extend(streams());
    faults.extend(middle());
    faults
}

/// Faults far from all bounds: only chance finds them.
#[rustfmt::skip]
fn middle() -> Vec<Fault> {
    vec![
        Fault::new("middle/hole", "refuses a number in the middle of its range", INT32, (Random, ValidRefused),
            refuses("gte_lte", "int32.gte_lte", |it| values::whole(it, "gte_lte") == Some(4))),
        Fault::new("middle/island", "accepts numbers between two bounds that exclude the range between them", UINT32, (Random, RuleNotChecked),
            misses("gt_lt_outside", |it| values::whole(it, "gt_lt_outside").is_some_and(|it| (7..=10).contains(&it)))),
        Fault::new("middle/certain-item", "accepts a number in a list that breaks its rule in one way of many", LISTS, (Random, RuleNotChecked),
            misses("packed[]", |it| values::items(it, "packed").iter().any(|it| it.as_i32().is_some_and(|it| it > 1000)))),
        Fault::new("middle/both-at-once", "accepts what breaks two certain rules at once", RECOMMEND, (Random, RuleNotChecked),
            Forgiving(|_: &Named, messages: &[DynamicMessage]| messages.iter().any(|it|
                !values::is_unset(it, "user_id") && values::whole(it, "max_results").is_some_and(|it| it > 1000)))),
    ]
}

/// Faults on streams of messages.
#[rustfmt::skip]
fn streams() -> Vec<Fault> {
    const WEIGH: &str = "/rules.v1.ShelfService/Weigh";
    const COUNT: &str = "/rules.v1.ShelfService/Count";
    const TALK: &str = "/rules.v1.ShelfService/Talk";
    let accepted = (Boundary, RuleNotChecked);
    let all = |_: &Named, _: &[DynamicMessage]| true;
    vec![
        Fault::new("bounds/client-stream-not-checked", "does not hold the messages of a client's stream to their rules", WEIGH, accepted, Forgiving(all)),
        Fault::new("bounds/server-stream-not-checked", "does not hold the request of a server's stream to its rules", COUNT, accepted, Forgiving(all)),
        Fault::new("bounds/bidirectional-not-checked", "does not hold the messages of a stream in both directions to their rules", TALK, accepted, Forgiving(all)),
        Fault::new("bounds/first-message-only", "holds only the first message of a stream to its rules", WEIGH, accepted,
            Forgiving(|_: &Named, messages: &[DynamicMessage]| messages.len() > 1
                && messages.first().is_some_and(|it| values::whole(it, "grams").is_some_and(|it| it >= 1)))),
    ]
}

/// Whether the first of the short texts is neither empty nor too long.
fn first_item_keeps(message: &DynamicMessage) -> bool {
    let items = values::items(message, "items");
    let first = items.first().and_then(Value::as_str);
    first.is_some_and(|first| (1..=3).contains(&first.chars().count()))
}

/// Whether of several numbers of books only the last is none.
fn only_last_breaks(message: &DynamicMessage) -> bool {
    let items = values::items(message, "book_ids");
    let numbers: Vec<i32> = items.iter().filter_map(Value::as_i32).collect();
    let breaks = |number: &i32| !(1..=999_999_999).contains(number);
    match numbers.split_last() {
        Some((last, rest)) => !rest.is_empty() && breaks(last) && !rest.iter().any(breaks),
        None => false,
    }
}
