//! Generates byte strings.

use std::sync::Arc;

use prost_protovalidate_types::{BytesRules, bytes_rules::WellKnown, field_rules::Type};
use rand::{RngExt, rngs::StdRng};

use super::{
    candidate::{Candidates, numbered_samples},
    literals::Literals,
    pattern::Pattern,
    strings::MAX_VALUE_BYTES,
};
use crate::case::Side;

/// Generates byte strings for the rules of a value site.
pub(crate) struct BytesGenerator {
    rules: BytesRules,
    pattern: Option<Pattern>,
    literals: Arc<Literals>,
}

impl BytesGenerator {
    pub(crate) fn new(rules: Option<&Type>, literals: Arc<Literals>) -> Self {
        let rules = match rules {
            Some(Type::Bytes(rules)) => rules.clone(),
            _ => BytesRules::default(),
        };
        Self {
            pattern: rules.pattern.as_deref().and_then(Pattern::parse),
            rules,
            literals,
        }
    }

    /// The id of the format rule, without `bytes.`, and the lengths in bytes that the format
    /// allows.
    fn format(&self) -> Option<(&'static str, &'static [usize])> {
        match self.rules.well_known.as_ref()? {
            WellKnown::Ip(true) => Some(("ip", &[4, 16])),
            WellKnown::Ipv4(true) => Some(("ipv4", &[4])),
            WellKnown::Ipv6(true) => Some(("ipv6", &[16])),
            WellKnown::Uuid(true) => Some(("uuid", &[16])),
            _ => None,
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
            (rules.pattern.is_some(), "pattern"),
            (rules.prefix.is_some(), "prefix"),
            (rules.suffix.is_some(), "suffix"),
            // Every value contains the empty part, so that rule can't be broken.
            (
                rules.contains.as_ref().is_some_and(|it| !it.is_empty()),
                "contains",
            ),
            (!rules.r#in.is_empty(), "in"),
            (!rules.not_in.is_empty(), "not_in"),
        ];
        let set = set.iter().filter(|(set, _)| *set);
        let mut rule_ids: Vec<String> = set.map(|(_, id)| format!("bytes.{id}")).collect();
        if let Some((id, _)) = self.format() {
            rule_ids.extend([format!("bytes.{id}"), format!("bytes.{id}_empty")]);
        }
        rule_ids
    }

    /// Whether implementations treat this value differently: regular expressions match
    /// text, and the value may not be UTF-8.
    pub(crate) fn is_implementation_dependent(&self, value: &[u8]) -> bool {
        let Some(pattern) = &self.pattern else {
            return false;
        };
        std::str::from_utf8(value).map_or(true, |text| pattern.is_implementation_dependent(text))
    }

    pub(crate) fn candidates(&self) -> Candidates<Vec<u8>> {
        let mut candidates = Candidates::default();
        self.named(&mut candidates);
        self.lengths(&mut candidates);
        self.parts(&mut candidates);
        if let Some((id, lengths)) = self.format() {
            let id = format!("bytes.{id}");
            for length in lengths {
                candidates.add_keeping(
                    &id,
                    &format!("length-{length}"),
                    "as many bytes as the format has",
                    vec![(0..).take(*length).collect()],
                );
                for wrong in [length - 1, length + 1] {
                    candidates.add_breaking(
                        &id,
                        &format!("length-{wrong}"),
                        "one byte off the format",
                        vec![vec![1; wrong]],
                    );
                }
            }
            candidates.add_breaking(
                &format!("{id}_empty"),
                "empty",
                "no bytes",
                vec![Vec::new()],
            );
        }
        let values: [(&str, &str, &[u8]); 4] = [
            ("empty", "no bytes", b""),
            ("one", "one byte", b"a"),
            ("zero", "a zero byte", b"\0"),
            ("not-text", "bytes that are not UTF-8", b"\xff\xfe\x00\x80"),
        ];
        for (slug, description, value) in values {
            candidates.add_neutral(slug, description, value.to_vec());
        }
        for size in self.literals.sizes() {
            for length in [size.saturating_sub(1), size, size + 1] {
                candidates.add_neutral(
                    &format!("length-{length}"),
                    "a length near a number that a rule names",
                    self.of_length(length),
                );
            }
        }
        for text in &self.literals.strings {
            candidates.add_neutral(
                "named",
                "a value that a rule names",
                text.clone().into_bytes(),
            );
        }
        candidates
    }

    fn named(&self, candidates: &mut Candidates<Vec<u8>>) {
        if let Some(constant) = &self.rules.r#const {
            let id = "bytes.const";
            candidates.add_keeping(
                id,
                "equal",
                "the only allowed value",
                vec![constant.clone()],
            );
            candidates.add_breaking(id, "other", "nearly the only allowed value", near(constant));
        }
        for (name, listed) in numbered_samples(&self.rules.r#in) {
            let id = "bytes.in";
            candidates.add_keeping(
                id,
                &format!("listed-{name}"),
                "a listed value",
                vec![listed.clone()],
            );
            let mut near = near(listed);
            near.retain(|it| !self.rules.r#in.contains(it));
            candidates.add_breaking(id, &format!("beside-{name}"), "nearly a listed value", near);
        }
        for (name, listed) in numbered_samples(&self.rules.not_in) {
            let id = "bytes.not_in";
            candidates.add_breaking(
                id,
                &format!("listed-{name}"),
                "an excluded value",
                vec![listed.clone()],
            );
            let mut near = near(listed);
            near.retain(|it| !self.rules.not_in.contains(it));
            candidates.add_keeping(
                id,
                &format!("beside-{name}"),
                "nearly an excluded value",
                near,
            );
        }
    }

    fn lengths(&self, candidates: &mut Candidates<Vec<u8>>) {
        let rules = &self.rules;
        let bounds = [
            ("bytes.len", rules.len, false, false),
            ("bytes.min_len", rules.min_len, false, true),
            ("bytes.max_len", rules.max_len, true, false),
        ];
        for (rule, bound, less, more) in bounds {
            let Some(bound) = bound else {
                continue;
            };
            let exact = usize::try_from(bound)
                .ok()
                .filter(|_| bound < MAX_VALUE_BYTES);
            let Some(exact) = exact else {
                let side = if less { Side::Broken } else { Side::Kept };
                candidates.add_impossible(
                    rule,
                    side,
                    format!("{bound} bytes are more than a message may be"),
                );
                continue;
            };
            candidates.add_keeping(
                rule,
                "exact",
                &format!("exactly {bound} bytes"),
                vec![self.of_length(exact)],
            );
            let sides = [
                (exact.checked_sub(1), less, "one-less"),
                (Some(exact + 1), more, "one-more"),
            ];
            for (length, inside, slug) in sides {
                let Some(length) = length else {
                    candidates.add_impossible(rule, Side::Broken, "nothing is shorter than empty");
                    continue;
                };
                let description = format!("{length} bytes, beside {bound}");
                let value = vec![self.of_length(length)];
                if inside {
                    candidates.add_keeping(rule, slug, &description, value)
                } else {
                    candidates.add_breaking(rule, slug, &description, value)
                }
            }
        }
    }

    fn parts(&self, candidates: &mut Candidates<Vec<u8>>) {
        let base = self.base();
        let rules = &self.rules;
        let named = [
            ("bytes.prefix", &rules.prefix),
            ("bytes.suffix", &rules.suffix),
            ("bytes.contains", &rules.contains),
        ];
        for (rule, part) in named {
            let Some(part) = part.as_deref().filter(|it| !it.is_empty()) else {
                continue;
            };
            candidates.add_keeping(
                rule,
                "with",
                "with the part that it must have",
                vec![part.to_vec(), base.clone()],
            );
            let at = base.windows(part.len()).position(|it| it == part);
            let at = if rule == "bytes.suffix" {
                base.len().checked_sub(part.len())
            } else {
                at
            };
            if let Some(at) = at {
                let mut changed = base.clone();
                changed[at] ^= 1;
                let less = [&base[..at], &base[at + 1..]].concat();
                let none = [&base[..at], &base[at + part.len()..]].concat();
                candidates.add_breaking(
                    rule,
                    "changed",
                    "with one bit changed in the part that it must have",
                    vec![changed],
                );
                candidates.add_breaking(
                    rule,
                    "without",
                    "without the part that it must have",
                    vec![less, none],
                );
            }
        }
        if let Some(pattern) = &self.pattern {
            let rule = "bytes.pattern";
            let shortest = pattern.shortest();
            candidates.add_keeping(
                rule,
                "shortest",
                "the shortest match of its pattern",
                vec![shortest.clone().into_bytes(), base.clone()],
            );
            let text = String::from_utf8_lossy(&base);
            let changes = [
                format!("{text}!"),
                format!("!{text}"),
                text.to_uppercase(),
                "~".repeat(text.len()),
                String::new(),
            ];
            for (at, changed) in changes.into_iter().enumerate() {
                candidates.add_breaking(
                    rule,
                    &format!("changed-{}", at + 1),
                    "nearly what its pattern matches",
                    vec![changed.into_bytes()],
                );
            }
        }
    }

    /// The shortest value that has all required parts.
    fn base(&self) -> Vec<u8> {
        let rules = &self.rules;
        let least = rules
            .len
            .or(rules.min_len)
            .unwrap_or(0)
            .min(MAX_VALUE_BYTES);
        self.of_length(usize::try_from(least).unwrap_or(0))
    }

    fn of_length(&self, length: usize) -> Vec<u8> {
        if let Some(pattern) = &self.pattern {
            return pattern
                .of_length(length)
                .unwrap_or_else(|| pattern.shortest())
                .into_bytes();
        }
        let part = |part: &Option<Vec<u8>>| part.clone().unwrap_or_default();
        let (prefix, suffix, contains) = (
            part(&self.rules.prefix),
            part(&self.rules.suffix),
            part(&self.rules.contains),
        );
        let room = length.saturating_sub(prefix.len() + suffix.len() + contains.len());
        [prefix, vec![b'a'; room], contains, suffix].concat()
    }

    /// A random value that probably keeps the rules. Only the first of these that is set is
    /// followed: a constant, a list, a pattern, a format, the lengths.
    pub(crate) fn random(&self, rng: &mut StdRng) -> Vec<u8> {
        let rules = &self.rules;
        if let Some(constant) = &rules.r#const {
            return constant.clone();
        }
        if !rules.r#in.is_empty() {
            return rules.r#in[rng.random_range(0..rules.r#in.len())].clone();
        }
        if let Some(pattern) = &self.pattern {
            return pattern.random(rng).into_bytes();
        }
        let least = rules.len.or(rules.min_len).unwrap_or(0);
        let most = rules
            .len
            .or(rules.max_len)
            .unwrap_or(least + 40)
            .min(least + 40);
        let length = usize::try_from(rng.random_range(least..=most.max(least))).unwrap_or(0);
        let length = match self.format() {
            Some((_, lengths)) => lengths[rng.random_range(0..lengths.len())],
            None => length,
        };
        let mut bytes = self.of_length(length);
        if rules.prefix.is_none() && rules.suffix.is_none() && rules.contains.is_none() {
            rng.fill(bytes.as_mut_slice());
        }
        bytes
    }
}

/// Values that differ from one by a byte at the end.
fn near(value: &[u8]) -> Vec<Vec<u8>> {
    let mut near = vec![[value, b"x"].concat()];
    if let Some((last, head)) = value.split_last() {
        near.push([head, &[last ^ 1]].concat());
        near.push(head.to_vec());
    }
    near
}
