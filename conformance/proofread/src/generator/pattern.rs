//! Generates strings that match a regular expression, by walking over its syntax tree. A
//! string may still not match, because anchors in the middle and word boundaries are
//! ignored; the oracle evaluates every string.

use rand::{RngExt, rngs::StdRng};
use regex_syntax::{
    Parser,
    hir::{Class, Hir, HirKind, Look, Repetition},
};

/// The maximum number of random repetitions beyond the minimum.
const UNBOUNDED: u32 = 12;

/// A parsed regular expression.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    source: String,
    hir: Hir,
}

/// How the generator decides where the pattern allows several strings.
enum Strategy<'r> {
    /// The shortest alternative.
    Shortest,
    /// The shortest alternative, with this many more characters from repetitions.
    Longer(usize),
    /// A random alternative.
    RandomCases(&'r mut StdRng),
}

impl Pattern {
    /// Parses a pattern; `None` if it is not valid.
    pub(crate) fn parse(source: &str) -> Option<Self> {
        let hir = Parser::new().parse(source).ok()?;
        let source = source.to_owned();
        Some(Self { source, hir })
    }

    /// The shortest match.
    pub(crate) fn shortest(&self) -> String {
        generate(&self.hir, &mut Strategy::Shortest)
    }

    /// A match with `length` characters; `None` if the pattern can't be stretched to it.
    pub(crate) fn of_length(&self, length: usize) -> Option<String> {
        let shortest = self.shortest();
        let room = length.checked_sub(shortest.chars().count())?;
        let mut stretched = generate(&self.hir, &mut Strategy::Longer(room));
        let missing = length.checked_sub(stretched.chars().count())?;
        // A pattern without an anchor matches also within a longer string.
        let filler = "a".repeat(missing);
        if !self.ends_with(Look::End) {
            stretched.push_str(&filler);
        } else if !self.begins_with(Look::Start) {
            stretched.insert_str(0, &filler);
        }
        (stretched.chars().count() == length).then_some(stretched)
    }

    /// A random match.
    pub(crate) fn random(&self, rng: &mut StdRng) -> String {
        generate(&self.hir, &mut Strategy::RandomCases(rng))
    }

    fn begins_with(&self, look: Look) -> bool {
        self.hir.properties().look_set_prefix().contains(look)
    }

    fn ends_with(&self, look: Look) -> bool {
        self.hir.properties().look_set_suffix().contains(look)
    }

    /// Whether regular expression engines treat this string differently: classes such as
    /// `\w` include all scripts in some engines and only ASCII in others, and in some `$`
    /// matches before a final line break.
    pub(crate) fn is_implementation_dependent(&self, text: &str) -> bool {
        let says = |classes: &[&str]| classes.iter().any(|it| self.source.contains(it));
        let non_ascii = |test: fn(char) -> bool| text.chars().any(|it| !it.is_ascii() && test(it));
        (says(&["\\s", "\\S", ":space:"])
            && (text.contains('\u{b}') || non_ascii(|it| it.is_whitespace() || it == '\u{180e}')))
            || (says(&["\\d", "\\D"]) && non_ascii(char::is_numeric))
            || (says(&["\\w", "\\W", "\\b", "\\B", "(?i", "\\p", "\\P"]) && non_ascii(|_| true))
            || (says(&["$", "."]) && text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']))
    }
}

fn generate(hir: &Hir, strategy: &mut Strategy<'_>) -> String {
    let mut text = String::new();
    generate_into(hir, strategy, &mut text);
    text
}

fn generate_into(hir: &Hir, strategy: &mut Strategy<'_>, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(character(class, strategy)),
        HirKind::Repetition(repetition) => repeat(repetition, strategy, text),
        HirKind::Capture(capture) => generate_into(&capture.sub, strategy, text),
        HirKind::Concat(parts) => parts
            .iter()
            .for_each(|part| generate_into(part, strategy, text)),
        HirKind::Alternation(ways) => match strategy {
            Strategy::RandomCases(rng) => {
                let way = rng.random_range(0..ways.len());
                generate_into(&ways[way], strategy, text);
            }
            Strategy::Shortest | Strategy::Longer(_) => {
                let length = |way: &&Hir| generate(way, &mut Strategy::Shortest).len();
                if let Some(way) = ways.iter().min_by_key(length) {
                    generate_into(way, strategy, text);
                }
            }
        },
    }
}

fn repeat(repetition: &Repetition, strategy: &mut Strategy<'_>, text: &mut String) {
    let once = generate(&repetition.sub, &mut Strategy::Shortest)
        .chars()
        .count();
    let most = repetition.max.unwrap_or(u32::MAX);
    let more = match strategy {
        Strategy::Shortest => 0,
        Strategy::Longer(room) => {
            let wanted = room.checked_div(once).unwrap_or(0);
            let room_left = usize::try_from(most - repetition.min).unwrap_or(usize::MAX);
            let more = wanted.min(room_left);
            *room -= more * once;
            u32::try_from(more).unwrap_or(u32::MAX)
        }
        Strategy::RandomCases(rng) => rng.random_range(0..=(most - repetition.min).min(UNBOUNDED)),
    };
    for _ in 0..repetition.min + more {
        generate_into(&repetition.sub, strategy, text);
    }
}

/// A character of a class, preferably an ASCII letter or digit.
fn character(class: &Class, strategy: &mut Strategy<'_>) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => {
            let ranges = class.iter();
            ranges.map(|range| (range.start(), range.end())).collect()
        }
        Class::Bytes(class) => {
            let ranges = class.iter();
            ranges
                .map(|range| (char::from(range.start()), char::from(range.end())))
                .collect()
        }
    };
    let holds = |it: char| {
        ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&it))
    };
    let plain: Vec<char> = ('a'..='z')
        .chain('0'..='9')
        .chain('A'..='Z')
        .filter(|it| holds(*it))
        .collect();
    let Strategy::RandomCases(rng) = strategy else {
        let first = plain.first().copied();
        let first = first.or_else(|| (' '..='~').find(|it| holds(*it)));
        return first.or_else(|| ranges.first().map(|range| range.0));
    };
    if !plain.is_empty() && rng.random_bool(0.8) {
        return Some(plain[rng.random_range(0..plain.len())]);
    }
    let (low, high) = *ranges.get(rng.random_range(0..ranges.len().max(1)))?;
    // Use only the first 200 characters of a range: large ranges contain mostly unusual
    // characters.
    let span = (u32::from(high) - u32::from(low)).min(200);
    char::from_u32(u32::from(low) + rng.random_range(0..=span)).or(Some(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::rng_of;

    fn pattern(source: &str) -> Pattern {
        Pattern::parse(source).expect("it is a pattern")
    }

    #[test]
    fn the_shortest_match_uses_plain_characters() {
        let shortest = |source: &str| pattern(source).shortest();
        assert_eq!(shortest("^[A-Z]{3}$"), "AAA");
        assert_eq!(shortest("^(foo|ba)[0-9]+x?$"), "ba0");
        assert_eq!(shortest("\\S"), "a");
        assert_eq!(shortest("^tok_[A-Za-z0-9_]{1,60}$"), "tok_a");
    }

    #[test]
    fn a_match_is_stretched_to_a_length() {
        let of_length = |source: &str, length| pattern(source).of_length(length);
        assert_eq!(of_length("^[a-c]+z$", 5).as_deref(), Some("aaaaz"));
        assert_eq!(of_length("^a{2,4}$", 4).as_deref(), Some("aaaa"));
        assert_eq!(of_length("^a{2,4}$", 5), None);
        assert_eq!(of_length("^(ab)+c*$", 5).as_deref(), Some("ababc"));
        assert_eq!(of_length("x", 4).as_deref(), Some("xaaa"));
    }

    #[test]
    fn random_matches_match() {
        let mut rng = rng_of("random matches");
        let pattern = pattern("^([a-f]+-)?[0-9]{2,3}$");
        for _ in 0..100 {
            let text = pattern.random(&mut rng);
            let (head, digits) = text.rsplit_once('-').unwrap_or(("", &text));
            assert!(head.chars().all(|it| ('a'..='f').contains(&it)), "{text}");
            assert!((2..=3).contains(&digits.len()), "{text}");
            assert!(digits.bytes().all(|it| it.is_ascii_digit()), "{text}");
        }
    }

    #[test]
    fn strings_that_engines_match_differently_are_implementation_dependent() {
        assert!(pattern("\\S").is_implementation_dependent("\u{a0}"));
        assert!(!pattern("\\S").is_implementation_dependent("\u{e9}"));
        assert!(pattern("^\\w+$").is_implementation_dependent("\u{e9}"));
        assert!(pattern("^\\d$").is_implementation_dependent("\u{665}"));
        assert!(pattern("^a$").is_implementation_dependent("a\n"));
        assert!(!pattern("^[a-z]+$").is_implementation_dependent("\u{e9}"));
    }
}
