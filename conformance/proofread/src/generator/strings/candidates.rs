//! The candidates for a string: listed values, formats, lengths, and searched values.

use std::collections::BTreeSet;

use rand::rngs::StdRng;

use super::{Evaluate, MAX_VALUE_BYTES, StringGenerator, exact_length::MULTIBYTE};
use crate::{
    case::Side,
    generator::candidate::{Candidates, numbered_samples},
};

/// A length rule with its bound.
struct Length {
    rule: &'static str,
    bound: u64,
    /// Whether a shorter string keeps the rule.
    less: bool,
    /// Whether a longer string keeps the rule.
    more: bool,
    /// Whether the length is counted in bytes, not in characters.
    bytes: bool,
}

impl StringGenerator {
    /// The values to try. A search fills the gaps, so this evaluates strings already; the
    /// value pool evaluates all of them again in the context of the field.
    pub(crate) fn candidates(
        &self,
        rule_ids: &[String],
        evaluate: &mut Evaluate<'_>,
        rng: &mut StdRng,
    ) -> Candidates<String> {
        let mut candidates = Candidates::default();
        let bases = self.bases(evaluate, rng);
        let base = bases.first().map(String::as_str);
        self.named(&mut candidates, base);
        self.formats(&mut candidates);
        for length in self.length_rules() {
            self.around_length(&length, &mut candidates, base);
        }
        self.parts(&mut candidates, base.unwrap_or_default());
        for (at, base) in bases.iter().enumerate() {
            candidates.add_neutral(
                &format!("valid-{}", at + 1),
                "a value that keeps its rules",
                base.clone(),
            );
        }
        self.plain(&mut candidates);
        self.add_searched(&mut candidates, rule_ids, &bases, evaluate, rng);
        candidates
    }

    /// Up to twelve strings that keep the rules, the shortest first.
    fn bases(&self, evaluate: &mut Evaluate<'_>, rng: &mut StdRng) -> Vec<String> {
        let mut seeds: Vec<String> = ["", "a", "A", "0"].map(str::to_owned).to_vec();
        seeds.extend(self.rules.r#const.clone());
        seeds.extend(self.rules.r#in.iter().cloned());
        seeds.extend(self.rules.example.iter().cloned());
        seeds.extend(
            self.format
                .iter()
                .flat_map(|it| it.valid)
                .map(|it| (*it).to_owned()),
        );
        seeds.extend(self.pattern.iter().map(super::Pattern::shortest));
        seeds.extend(self.literals.strings.iter().cloned());
        for size in self.literals.sizes() {
            seeds.extend(self.of_length(size, None));
        }
        let (min, max) = self.lengths();
        for length in [min, min + 1, (min + max) / 2, max] {
            if length as u64 <= MAX_VALUE_BYTES {
                seeds.extend(self.of_length(length, None));
            }
        }
        let mut kept: Vec<String> = Vec::new();
        for seed in seeds {
            let fits = evaluate(&seed).is_some_and(|broken| broken.is_empty());
            if fits && !kept.contains(&seed) {
                kept.push(seed);
            }
        }
        if kept.is_empty() {
            kept.extend(self.search(&BTreeSet::new(), &[], evaluate, rng));
        }
        kept.sort_by_key(String::len);
        kept.truncate(12);
        kept
    }

    /// Values that the rules name, and values close to them.
    fn named(&self, candidates: &mut Candidates<String>, base: Option<&str>) {
        if let Some(constant) = &self.rules.r#const {
            let id = "string.const";
            candidates.add_keeping(
                id,
                "equal",
                "the only allowed value",
                vec![constant.clone()],
            );
            candidates.add_breaking(
                id,
                "longer",
                "one character more than the only allowed value",
                vec![format!("{constant}x")],
            );
            candidates.add_breaking(id, "other", "nearly the only allowed value", near(constant));
        }
        for (name, listed) in numbered_samples(&self.rules.r#in) {
            let id = "string.in";
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
            let id = "string.not_in";
            candidates.add_breaking(
                id,
                &format!("listed-{name}"),
                "an excluded value",
                vec![listed.clone()],
            );
            let mut near = near(listed);
            near.retain(|it| !self.rules.not_in.contains(it));
            near.extend(base.map(str::to_owned));
            candidates.add_keeping(
                id,
                &format!("beside-{name}"),
                "nearly an excluded value",
                near,
            );
        }
    }

    fn formats(&self, candidates: &mut Candidates<String>) {
        let Some(format) = self.format else {
            return;
        };
        let id = format!("string.{}", format.id);
        for (at, valid) in format.valid.iter().enumerate() {
            candidates.add_keeping(
                &id,
                &format!("valid-{}", at + 1),
                "a value of the format",
                vec![(*valid).to_owned()],
            );
        }
        for (error, value) in format.invalid {
            let slug = error.replace(' ', "-");
            candidates.add_breaking(
                &id,
                &slug,
                &format!("nearly of the format: {error}"),
                vec![(*value).to_owned()],
            );
        }
        if let Some(empty) = format.empty {
            let id = format!("string.{empty}");
            candidates.add_breaking(&id, "empty", "the empty string", vec![String::new()]);
        }
    }

    fn length_rules(&self) -> Vec<Length> {
        let rules = &self.rules;
        let all = [
            ("string.len", rules.len, false, false, false),
            ("string.min_len", rules.min_len, false, true, false),
            ("string.max_len", rules.max_len, true, false, false),
            ("string.len_bytes", rules.len_bytes, false, false, true),
            ("string.min_bytes", rules.min_bytes, false, true, true),
            ("string.max_bytes", rules.max_bytes, true, false, true),
        ];
        let set = all
            .into_iter()
            .filter_map(|(rule, bound, less, more, bytes)| {
                Some(Length {
                    rule,
                    bound: bound?,
                    less,
                    more,
                    bytes,
                })
            });
        set.collect()
    }

    fn around_length(
        &self,
        length: &Length,
        candidates: &mut Candidates<String>,
        base: Option<&str>,
    ) {
        let Length {
            rule,
            bound,
            less,
            more,
            bytes,
        } = *length;
        let unit = if bytes { "bytes" } else { "characters" };
        let exact = usize::try_from(bound)
            .ok()
            .filter(|_| bound < MAX_VALUE_BYTES);
        let Some(exact) = exact else {
            let reason = format!("a string of {bound} {unit} is longer than a message may be");
            let side = if less { Side::Broken } else { Side::Kept };
            candidates.add_impossible(rule, side, reason);
            return;
        };
        let of = |count: usize| {
            if bytes {
                self.of_bytes(count, base)
            } else {
                self.of_length(count, base)
            }
        };
        candidates.add_keeping(rule, "exact", &format!("exactly {bound} {unit}"), of(exact));
        let above = format!("{} {unit}, one more than {bound}", bound + 1);
        if more {
            candidates.add_keeping(rule, "one-more", &above, of(exact + 1))
        } else {
            candidates.add_breaking(rule, "one-more", &above, of(exact + 1))
        }
        match exact.checked_sub(1) {
            Some(below) => {
                let description = format!("{below} {unit}, one less than {bound}");
                if less {
                    candidates.add_keeping(rule, "one-less", &description, of(below))
                } else {
                    candidates.add_breaking(rule, "one-less", &description, of(below))
                }
            }
            None if !less && more => {
                candidates.add_impossible(rule, Side::Broken, "nothing is shorter than empty");
            }
            None => {}
        }
        if self.pattern.is_none() && self.format.is_none() && !self.is_key {
            self.multibyte(length, exact, candidates);
        }
    }

    /// The same lengths in characters of several bytes: they catch servers that count bytes
    /// or UTF-16 units.
    fn multibyte(&self, length: &Length, exact: usize, candidates: &mut Candidates<String>) {
        let Length {
            rule,
            less,
            more,
            bytes,
            ..
        } = *length;
        if exact > 100_000 {
            return;
        }
        for (filler, description) in MULTIBYTE {
            let slug = format!("wide-{}", filler.len_utf8());
            let of = |count: usize| {
                if bytes {
                    self.of_multibyte_bytes(filler, count)
                } else {
                    self.of_multibyte(filler, count)
                }
            };
            let unit = if bytes { "bytes" } else { "characters" };
            let kept = format!("exactly {exact} {unit}, in {description}");
            candidates.add_keeping(rule, &format!("exact-{slug}"), &kept, vec![of(exact)]);
            let (outside, side) = match (less, more) {
                (false, true) => (exact.checked_sub(1), "less"),
                _ => (Some(exact + 1), "more"),
            };
            if let Some(outside) = outside {
                let broken = format!("{outside} {unit}, in {description}");
                candidates.add_breaking(
                    rule,
                    &format!("one-{side}-{slug}"),
                    &broken,
                    vec![of(outside)],
                );
            }
        }
    }

    /// Searches a string for each rule that no candidate breaks alone, among them those in CEL.
    fn add_searched(
        &self,
        candidates: &mut Candidates<String>,
        rule_ids: &[String],
        bases: &[String],
        evaluate: &mut Evaluate<'_>,
        rng: &mut StdRng,
    ) {
        let values = candidates.all.iter().flat_map(|it| &it.values);
        let done: BTreeSet<BTreeSet<String>> = values.filter_map(|it| evaluate(it)).collect();
        // A value that was tried for another rule may break only a rule in CEL.
        let tried: Vec<String> = candidates
            .all
            .iter()
            .flat_map(|it| it.values.clone())
            .collect();
        for rule in rule_ids {
            let is_standard = rule.starts_with("string.");
            let wanted = BTreeSet::from([rule.clone()]);
            if is_standard && done.contains(&wanted) {
                continue;
            }
            let from = if is_standard { bases } else { &tried };
            if candidates
                .impossible
                .iter()
                .any(|(target, _)| target.rule == *rule && target.side == Side::Broken)
            {
                continue;
            }
            if let Some(found) = self.search(&wanted, from, evaluate, rng) {
                candidates.add_breaking(
                    rule,
                    "found",
                    "a value that breaks this rule alone",
                    vec![found],
                );
            }
        }
    }
}

/// Strings that differ from `text` by one character at an end, or by case; and the empty
/// string.
fn near(text: &str) -> Vec<String> {
    let mut near = vec![format!("{text}x"), format!("x{text}")];
    near.extend(
        text.char_indices()
            .next_back()
            .map(|(at, _)| text[..at].to_owned()),
    );
    near.extend([text.to_uppercase(), text.to_lowercase(), String::new()]);
    near.retain(|it| it != text);
    near
}
