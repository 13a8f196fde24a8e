//! Rules of lists, maps, `Any` and field masks. The rules of items, keys and
//! values are described by the caller.

use prost_protovalidate_types::{AnyRules, FieldMaskRules, MapRules, RepeatedRules};
use prost_types::FieldMask;

use super::text::{code, examples, joined, none_of, one_of, sizes};

pub(super) fn repeated(rules: &RepeatedRules) -> Vec<String> {
    let words = [
        sizes(rules.min_items, rules.max_items, "item", "items"),
        rules.unique().then(|| "no two equal".to_owned()),
    ];
    words.into_iter().flatten().collect()
}

pub(super) fn map(rules: &MapRules) -> Vec<String> {
    let size = sizes(rules.min_pairs, rules.max_pairs, "entry", "entries");
    size.into_iter().collect()
}

pub(super) fn any(rules: &AnyRules) -> Vec<String> {
    let show = |url: &String| code(url);
    let allowed = &rules.r#in;
    let words = [
        match allowed.as_slice() {
            [only] => Some(format!("of the type {}", show(only))),
            _ => one_of(allowed, show).map(|types| format!("of the type {types}")),
        },
        none_of(&rules.not_in, show).map(|types| match rules.not_in.as_slice() {
            [only] => format!("not of the type {}", show(only)),
            _ => format!("of the type {types}"),
        }),
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
        (!allowed.is_empty()).then(|| format!("only {} and what is below", joined(allowed, path))),
        (!refused.is_empty()).then(|| format!("nothing of {} or below", joined(refused, path))),
        examples(&rules.example, mask),
    ];
    words.into_iter().flatten().collect()
}
