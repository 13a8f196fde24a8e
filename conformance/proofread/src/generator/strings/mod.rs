//! Generates strings for any combination of rules: lengths in characters and bytes,
//! patterns, prefixes and other parts, lists of values, and formats.

mod candidates;
mod exact_length;
mod parts;
mod search;

use std::{collections::BTreeSet, iter, sync::Arc};

use prost_protovalidate_types::{StringRules, field_rules::Type};
use rand::{RngExt, rngs::StdRng};

use super::{
    formats::{self, Format},
    literals::Literals,
    pattern::Pattern,
};

/// The maximum size of a value in bytes (1 MiB). gRPC servers accept messages of up to
/// 4 MiB by default, and a message may contain several long values.
pub(crate) const MAX_VALUE_BYTES: u64 = 1 << 20;

/// The number of random matches of a pattern that are tried until one has an allowed length.
const PATTERN_ATTEMPTS: usize = 20;

/// Returns the ids of the rules that a string breaks; `None` if the oracle can't tell.
pub(crate) type Evaluate<'w> = dyn FnMut(&str) -> Option<BTreeSet<String>> + 'w;

/// Generates strings for the rules of a value site.
pub(crate) struct StringGenerator {
    rules: StringRules,
    pattern: Option<Pattern>,
    format: Option<&'static Format>,
    literals: Arc<Literals>,
    /// Whether the string is a map key. The path of a violation quotes keys, and no
    /// specification says how unusual characters are quoted.
    is_key: bool,
}

impl StringGenerator {
    pub(crate) fn new(rules: Option<&Type>, literals: Arc<Literals>, is_key: bool) -> Self {
        let rules = match rules {
            Some(Type::String(rules)) => rules.clone(),
            _ => StringRules::default(),
        };
        Self {
            pattern: rules.pattern.as_deref().and_then(Pattern::parse),
            format: formats::format(rules.well_known.as_ref(), rules.strict.unwrap_or(true)),
            rules,
            literals,
            is_key,
        }
    }

    /// The ids of the rules that are set.
    pub(crate) fn rule_ids(&self) -> Vec<String> {
        let rules = &self.rules;
        let set = [
            (rules.r#const.is_some(), "const"),
            (rules.len.is_some(), "len"),
            (rules.min_len.is_some(), "min_len"),
            (rules.max_len.is_some(), "max_len"),
            (rules.len_bytes.is_some(), "len_bytes"),
            (rules.min_bytes.is_some(), "min_bytes"),
            (rules.max_bytes.is_some(), "max_bytes"),
            (rules.pattern.is_some(), "pattern"),
            (rules.prefix.is_some(), "prefix"),
            (rules.suffix.is_some(), "suffix"),
            (rules.contains.is_some(), "contains"),
            (rules.not_contains.is_some(), "not_contains"),
            (!rules.r#in.is_empty(), "in"),
            (!rules.not_in.is_empty(), "not_in"),
        ];
        let set = set.iter().filter(|(set, _)| *set).map(|(_, id)| *id);
        let format = self.format.iter().flat_map(|it| [Some(it.id), it.empty]);
        set.chain(format.flatten())
            .map(|id| format!("string.{id}"))
            .collect()
    }

    /// Whether implementations of protovalidate treat this string differently.
    pub(crate) fn is_implementation_dependent(&self, text: &str) -> bool {
        let plain = |it: char| it.is_ascii_graphic() && !matches!(it, '"' | '\\' | ']');
        let unusual_key = self.is_key && !text.chars().all(plain);
        unusual_key
            || self
                .pattern
                .as_ref()
                .is_some_and(|it| it.is_implementation_dependent(text))
    }

    /// A random string that probably keeps the standard rules. Only the first of these that
    /// is set is followed: a constant, a list, a format, a pattern with the lengths, the lengths.
    pub(crate) fn random(&self, rng: &mut StdRng) -> String {
        let rules = &self.rules;
        if let Some(constant) = &rules.r#const {
            return constant.clone();
        }
        if !rules.r#in.is_empty() {
            return rules.r#in[rng.random_range(0..rules.r#in.len())].clone();
        }
        if let Some(format) = self.format {
            return format.random(rng);
        }
        if let Some(pattern) = &self.pattern {
            // A pattern may match more lengths than the rules of lengths allow.
            let (min, max) = self.length_bounds();
            let fits = |it: &String| {
                let length = it.chars().count();
                length >= min && max.is_none_or(|max| length <= max)
            };
            return iter::repeat_with(|| pattern.random(rng))
                .take(PATTERN_ATTEMPTS)
                .find(fits)
                .unwrap_or_else(|| pattern.shortest());
        }
        let (min, max) = self.lengths();
        let usual = max.min(min.saturating_add(40));
        let max = if rng.random_bool(0.02) {
            max.min(2000)
        } else {
            usual
        };
        let length = rng.random_range(min.min(max)..=max);
        let alphabet = if self.is_key {
            0
        } else {
            rng.random_range(0..ALPHABETS.len())
        };
        let alphabet: Vec<char> = ALPHABETS[alphabet].chars().collect();
        let filler = |_| alphabet[rng.random_range(0..alphabet.len())];
        let filler: String = (0..length).map(filler).collect();
        self.with_parts(&filler, length)
    }

    /// The minimum and maximum length of generated strings.
    fn lengths(&self) -> (usize, usize) {
        let (min, max) = self.length_bounds();
        (min, max.unwrap_or(min + 60).max(min))
    }

    /// The minimum and maximum length by the rules. Limits in bytes are used if there is none
    /// in characters.
    fn length_bounds(&self) -> (usize, Option<usize>) {
        let rules = &self.rules;
        let length = |bound: Option<u64>| bound.and_then(|it| usize::try_from(it).ok());
        let exact = length(rules.len).or(length(rules.len_bytes));
        let min = exact.or(length(rules.min_len)).or(length(rules.min_bytes));
        let max = exact.or(length(rules.max_len)).or(length(rules.max_bytes));
        (min.unwrap_or(0), max)
    }
}

/// The alphabets of random strings.
const ALPHABETS: [&str; 7] = [
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "ABC xyz 019 _-.,:;!?",
    "'\"`\\/<>&%$#{}[]()=*;--",
    "äöüßéñçøåÆŁžÇİı",
    "漢字かなカナ한글กขไทยעבריתعربي",
    "😀👍🏽👩\u{200d}💻🇨🇭e\u{301}\u{202e}\u{feff}\u{200b}",
    "a\t\n\r\u{0}\u{1b}\u{7f}\u{85}",
];
