//! Describes rules of lists, maps, `Any` and field masks. The caller describes the rules
//! of items, keys and values.

use prost_protovalidate_types::{AnyRules, FieldMaskRules, MapRules, RepeatedRules};
use prost_types::FieldMask;

use super::text::{code, examples, joined, size_range};

pub(super) fn repeated(rules: &RepeatedRules) -> Vec<String> {
    let words = [
        size_range(rules.min_items, rules.max_items, "item", "items"),
        rules.unique().then(|| "no duplicates".to_owned()),
    ];
    words.into_iter().flatten().collect()
}

pub(super) fn map(rules: &MapRules) -> Vec<String> {
    let size = size_range(rules.min_pairs, rules.max_pairs, "entry", "entries");
    size.into_iter().collect()
}

pub(super) fn any(rules: &AnyRules) -> Vec<String> {
    let show = |url: &String| code(url);
    let allowed = &rules.r#in;
    let words = [
        match allowed.as_slice() {
            [only] => Some(format!("of the type {}", show(only))),
            [] => None,
            several => Some(format!("one of the types {}", joined(several, show))),
        },
        match rules.not_in.as_slice() {
            [only] => Some(format!("not of the type {}", show(only))),
            [] => None,
            several => Some(format!("none of the types {}", joined(several, show))),
        },
    ];
    words.into_iter().flatten().collect()
}

pub(super) fn field_mask(rules: &FieldMaskRules) -> Vec<String> {
    let path = |path: &String| code(path);
    let mask = |mask: &FieldMask| code(&mask.paths.join(","));
    let allowed = &rules.r#in;
    let refused = &rules.not_in;
    let words = [
        rules
            .r#const
            .as_ref()
            .map(|value| format!("exactly {}", mask(value))),
        (!allowed.is_empty()).then(|| format!("only {} and subfields", joined(allowed, path))),
        (!refused.is_empty()).then(|| format!("not {} or subfields", joined(refused, path))),
        examples(&rules.example, mask),
    ];
    words.into_iter().flatten().collect()
}
