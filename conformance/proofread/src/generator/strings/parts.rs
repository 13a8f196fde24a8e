//! The candidates for the parts of a string: prefix, suffix, contained part and pattern;
//! and candidates that are useful for any string.

use super::StringGenerator;
use crate::generator::candidate::Candidates;

impl StringGenerator {
    /// Adds candidates for the prefix, the suffix, the contained parts and the pattern.
    pub(super) fn parts(&self, candidates: &mut Candidates<String>, base: &str) {
        let rules = &self.rules;
        if let Some(prefix) = rules.prefix.as_deref() {
            let values = without_part(base, base.find(prefix), prefix);
            candidates.add_breaking("string.prefix", "without", "without its prefix", values);
            let late = vec![format!("a{base}"), format!(" {base}")];
            candidates.add_breaking(
                "string.prefix",
                "late",
                "with its prefix one character late",
                late,
            );
            candidates.add_keeping(
                "string.prefix",
                "alone",
                "its prefix and no more",
                vec![prefix.to_owned(), base.to_owned()],
            );
        }
        if let Some(suffix) = rules.suffix.as_deref() {
            let values = without_part(base, base.rfind(suffix), suffix);
            candidates.add_breaking("string.suffix", "without", "without its suffix", values);
            let early = vec![format!("{base}a"), format!("{base} ")];
            candidates.add_breaking(
                "string.suffix",
                "early",
                "with its suffix one character early",
                early,
            );
            candidates.add_keeping(
                "string.suffix",
                "alone",
                "its suffix and no more",
                vec![suffix.to_owned(), base.to_owned()],
            );
        }
        if let Some(part) = rules.contains.as_deref() {
            let values = without_part(base, base.find(part), part);
            candidates.add_breaking(
                "string.contains",
                "without",
                "without the part that it must contain",
                values,
            );
            let ends = vec![format!("{base}{part}"), base.to_owned()];
            candidates.add_keeping(
                "string.contains",
                "twice",
                "with the part that it must contain",
                ends,
            );
        }
        if let Some(part) = rules.not_contains.as_deref() {
            let id = "string.not_contains";
            let middle = base
                .char_indices()
                .nth(base.chars().count() / 2)
                .map_or(0, |it| it.0);
            let (head, tail) = base.split_at(middle);
            let values = vec![
                format!("{head}{part}{tail}"),
                format!("{part}{base}"),
                format!("{base}{part}"),
                part.to_owned(),
            ];
            candidates.add_breaking(
                id,
                "within",
                "with the part that it must not contain",
                values,
            );
            candidates.add_breaking(
                id,
                "alone",
                "nothing but the part that it must not contain",
                vec![part.to_owned()],
            );
            let nearly = part
                .char_indices()
                .next_back()
                .map(|(at, _)| part[..at].to_owned());
            let nearly = nearly.map(|it| vec![format!("{head}{it}{tail}"), it]);
            candidates.add_keeping(
                id,
                "nearly",
                "with nearly the part that it must not contain",
                nearly.unwrap_or_default(),
            );
        }
        if let Some(pattern) = &self.pattern {
            let id = "string.pattern";
            candidates.add_keeping(
                id,
                "shortest",
                "the shortest match of its pattern",
                vec![pattern.shortest(), base.to_owned()],
            );
            let changes = [
                (
                    "more",
                    "with a character more at the end",
                    vec![format!("{base}!"), format!("{base} "), format!("{base}é")],
                ),
                (
                    "before",
                    "with a character more in front",
                    vec![format!("!{base}"), format!(" {base}")],
                ),
                (
                    "other-first",
                    "with another first character",
                    with_replaced_character(base, 0),
                ),
                (
                    "other-last",
                    "with another last character",
                    with_replaced_character(base, base.chars().count().saturating_sub(1)),
                ),
                (
                    "case",
                    "in the other case",
                    vec![base.to_lowercase(), base.to_uppercase()],
                ),
                ("empty", "the empty string", vec![String::new()]),
            ];
            for (slug, description, values) in changes {
                candidates.add_breaking(
                    id,
                    slug,
                    &format!("{description}, which its pattern does not match"),
                    values,
                );
            }
        }
    }

    /// Adds candidates without a target: unusual characters, and values near those that
    /// rules in CEL name.
    pub(super) fn plain(&self, candidates: &mut Candidates<String>) {
        let values = [
            ("empty", "the empty string", ""),
            ("blank", "a blank", " "),
            (
                "accents",
                "letters with accents, composed and not",
                "ÅÅ e\u{301}é",
            ),
            ("scripts", "several scripts", "漢字 кириллица עברית"),
            (
                "emoji",
                "an emoji of several code points",
                "👩\u{200d}💻🏳\u{fe0f}\u{200d}🌈",
            ),
            ("markup", "markup and quotes", "<b>'\"&--;%s{{}}</b>"),
            ("null", "a null character", "a\u{0}b"),
            ("lines", "line breaks and tabs", "a\r\nb\tc"),
        ];
        for (slug, description, value) in values {
            candidates.add_neutral(slug, description, value.to_owned());
        }
        for (at, text) in self.literals.strings.iter().enumerate() {
            for value in [text.clone(), format!("{text}a"), format!("a{text}")] {
                candidates.add_neutral(
                    &format!("named-{}", at + 1),
                    "a value near one that a rule names",
                    value,
                );
            }
        }
        for size in self.literals.sizes() {
            for length in [size.saturating_sub(1), size, size + 1] {
                for value in self.of_length(length, None).into_iter().take(1) {
                    candidates.add_neutral(
                        &format!("length-{length}"),
                        "a length near a number that a rule names",
                        value,
                    );
                }
            }
        }
    }
}

/// Variants of a string in which the part at `at` is incomplete, changed in case, replaced
/// by as many other characters, or missing.
fn without_part(base: &str, at: Option<usize>, part: &str) -> Vec<String> {
    let Some(at) = at.filter(|_| !part.is_empty()) else {
        return Vec::new();
    };
    let (head, tail) = (&base[..at], &base[at + part.len()..]);
    let filler = "x".repeat(part.chars().count());
    let less = part
        .char_indices()
        .next_back()
        .map_or("", |(end, _)| &part[..end]);
    vec![
        format!("{head}{less}{tail}"),
        format!("{head}{}{tail}", part.to_uppercase()),
        format!("{head}{}{tail}", part.to_lowercase()),
        format!("{head}{filler}{tail}"),
        format!("{head}{tail}"),
    ]
}

/// Copies of a string with another character at one position.
fn with_replaced_character(base: &str, position: usize) -> Vec<String> {
    let others = ['!', ' ', '0', 'a', 'A', '~'];
    let with = |other: char| {
        let characters = base.chars().enumerate();
        let characters = characters.map(|(at, it)| if at == position { other } else { it });
        characters.collect::<String>()
    };
    others
        .into_iter()
        .map(with)
        .filter(|it| it != base)
        .collect()
}
