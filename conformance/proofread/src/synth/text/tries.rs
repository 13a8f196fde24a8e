//! What to try for a string.

use std::collections::BTreeSet;

use rand::rngs::StdRng;

use super::{
    LONGEST, Text, Weigh,
    fit::WIDE,
};
use crate::{
    case::Side,
    synth::candidate::{Tries, some_of},
};

/// A length rule: its name, the length, and how far from it values are in.
struct Length {
    rule: &'static str,
    bound: u64,
    /// Whether less is in, and whether more is.
    less: bool,
    more: bool,
    bytes: bool,
}

impl Text<'_> {
    /// What to try. The search for what keeps and breaks the rules is done here,
    /// so that the candidates are good ones; all are checked once more.
    pub(crate) fn tries(&self, weigh: &mut Weigh<'_>, rng: &mut StdRng) -> Tries<String> {
        let mut tries = Tries::default();
        let bases = self.bases(weigh, rng);
        let base = bases.first().map(String::as_str);
        self.named(&mut tries, base);
        self.formats(&mut tries);
        for length in self.length_rules() {
            self.around_length(&length, &mut tries, base);
        }
        self.parts(&mut tries, base.unwrap_or_default());
        for (at, base) in bases.iter().enumerate() {
            tries.plain(&format!("valid-{}", at + 1), "a value that keeps its rules", base.clone());
        }
        self.plain(&mut tries);
        self.searched(&mut tries, &bases, weigh, rng);
        tries
    }

    /// Strings that keep the rules, the shortest first.
    fn bases(&self, weigh: &mut Weigh<'_>, rng: &mut StdRng) -> Vec<String> {
        let mut seeds: Vec<String> = ["", "a", "A", "0"].map(str::to_owned).to_vec();
        seeds.extend(self.rules.r#const.clone());
        seeds.extend(self.rules.r#in.iter().cloned());
        seeds.extend(self.rules.example.iter().cloned());
        seeds.extend(self.format.iter().flat_map(|it| it.valid).map(|it| (*it).to_owned()));
        seeds.extend(self.pattern.iter().map(super::Pattern::shortest));
        seeds.extend(self.literals.texts.iter().cloned());
        for size in self.literals.sizes() {
            seeds.extend(self.of_length(size, None));
        }
        let (least, most) = self.lengths();
        for length in [least, least + 1, (least + most) / 2, most] {
            if length as u64 <= LONGEST {
                seeds.extend(self.of_length(length, None));
            }
        }
        let mut kept: Vec<String> = Vec::new();
        for seed in seeds {
            let fits = weigh(&seed).is_some_and(|broken| broken.is_empty());
            if fits && !kept.contains(&seed) {
                kept.push(seed);
            }
        }
        if kept.is_empty() {
            kept.extend(self.search(&BTreeSet::new(), &[], weigh, rng));
        }
        kept.sort_by_key(String::len);
        kept.truncate(12);
        kept
    }

    /// Values that the rules name.
    fn named(&self, tries: &mut Tries<String>, base: Option<&str>) {
        if let Some(constant) = &self.rules.r#const {
            let id = "string.const";
            tries.kept(id, "equal", "the only allowed value", vec![constant.clone()]);
            tries.broken(id, "longer", "one character more than the only allowed value", vec![format!("{constant}x")]);
            tries.broken(id, "other", "nearly the only allowed value", near(constant));
        }
        for (name, listed) in some_of(&self.rules.r#in) {
            let id = "string.in";
            tries.kept(id, &format!("listed-{name}"), "a listed value", vec![listed.clone()]);
            let mut near = near(listed);
            near.retain(|it| !self.rules.r#in.contains(it));
            tries.broken(id, &format!("beside-{name}"), "nearly a listed value", near);
        }
        for (name, listed) in some_of(&self.rules.not_in) {
            let id = "string.not_in";
            tries.broken(id, &format!("listed-{name}"), "a value that is ruled out", vec![listed.clone()]);
            let mut near = near(listed);
            near.retain(|it| !self.rules.not_in.contains(it));
            near.extend(base.map(str::to_owned));
            tries.kept(id, &format!("beside-{name}"), "nearly a value that is ruled out", near);
        }
    }

    fn formats(&self, tries: &mut Tries<String>) {
        let Some(format) = self.format else {
            return;
        };
        let id = format!("string.{}", format.id);
        for (at, valid) in format.valid.iter().enumerate() {
            tries.kept(&id, &format!("valid-{}", at + 1), "a value of the format", vec![(*valid).to_owned()]);
        }
        for (wrong, value) in format.wrong {
            let slug = wrong.replace(' ', "-");
            tries.broken(&id, &slug, &format!("nearly of the format: {wrong}"), vec![(*value).to_owned()]);
        }
        if let Some(empty) = format.empty {
            let id = format!("string.{empty}");
            tries.broken(&id, "empty", "the empty string", vec![String::new()]);
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
        let set = all.into_iter().filter_map(|(rule, bound, less, more, bytes)| {
            Some(Length { rule, bound: bound?, less, more, bytes })
        });
        set.collect()
    }

    fn around_length(&self, length: &Length, tries: &mut Tries<String>, base: Option<&str>) {
        let Length { rule, bound, less, more, bytes } = *length;
        let unit = if bytes { "bytes" } else { "characters" };
        let exact = usize::try_from(bound).ok().filter(|_| bound < LONGEST);
        let Some(exact) = exact else {
            let reason = format!("a string of {bound} {unit} is longer than a message may be");
            let side = if less { Side::Broken } else { Side::Kept };
            tries.impossible(rule, side, reason);
            return;
        };
        let of = |count: usize| match bytes {
            true => self.of_bytes(count, base),
            false => self.of_length(count, base),
        };
        tries.kept(rule, "exact", &format!("exactly {bound} {unit}"), of(exact));
        let above = format!("{} {unit}, one more than {bound}", bound + 1);
        match more {
            true => tries.kept(rule, "one-more", &above, of(exact + 1)),
            false => tries.broken(rule, "one-more", &above, of(exact + 1)),
        }
        match exact.checked_sub(1) {
            Some(below) => {
                let words = format!("{below} {unit}, one less than {bound}");
                match less {
                    true => tries.kept(rule, "one-less", &words, of(below)),
                    false => tries.broken(rule, "one-less", &words, of(below)),
                }
            }
            None if !less && more => {
                tries.impossible(rule, Side::Broken, "nothing is shorter than empty");
            }
            None => {}
        }
        if self.pattern.is_none() && self.format.is_none() && !self.is_key {
            self.wide(length, exact, tries);
        }
    }

    /// The same lengths in characters of several bytes: a server that counts bytes,
    /// or units of UTF-16, is off.
    fn wide(&self, length: &Length, exact: usize, tries: &mut Tries<String>) {
        let Length { rule, less, more, bytes, .. } = *length;
        if exact > 100_000 {
            return;
        }
        for (filler, words) in WIDE {
            let slug = format!("wide-{}", filler.len_utf8());
            let of = |count: usize| match bytes {
                true => self.of_wide_bytes(filler, count),
                false => self.of_wide(filler, count),
            };
            let unit = if bytes { "bytes" } else { "characters" };
            let kept = format!("exactly {exact} {unit}, in {words}");
            tries.kept(rule, &format!("exact-{slug}"), &kept, vec![of(exact)]);
            let (outside, side) = match (less, more) {
                (false, true) => (exact.checked_sub(1), "less"),
                _ => (Some(exact + 1), "more"),
            };
            if let Some(outside) = outside {
                let broken = format!("{outside} {unit}, in {words}");
                tries.broken(rule, &format!("one-{side}-{slug}"), &broken, vec![of(outside)]);
            }
        }
    }

    /// Prefix, suffix, contained parts and the pattern.
    fn parts(&self, tries: &mut Tries<String>, base: &str) {
        let rules = &self.rules;
        if let Some(prefix) = rules.prefix.as_deref() {
            let values = without(base, base.find(prefix), prefix);
            tries.broken("string.prefix", "without", "without its prefix", values);
            let late = vec![format!("a{base}"), format!(" {base}")];
            tries.broken("string.prefix", "late", "with its prefix one character late", late);
            tries.kept("string.prefix", "alone", "its prefix and no more", vec![prefix.to_owned(), base.to_owned()]);
        }
        if let Some(suffix) = rules.suffix.as_deref() {
            let values = without(base, base.rfind(suffix), suffix);
            tries.broken("string.suffix", "without", "without its suffix", values);
            let early = vec![format!("{base}a"), format!("{base} ")];
            tries.broken("string.suffix", "early", "with its suffix one character early", early);
            tries.kept("string.suffix", "alone", "its suffix and no more", vec![suffix.to_owned(), base.to_owned()]);
        }
        if let Some(part) = rules.contains.as_deref() {
            let values = without(base, base.find(part), part);
            tries.broken("string.contains", "without", "without the part that it must contain", values);
            let ends = vec![format!("{base}{part}"), base.to_owned()];
            tries.kept("string.contains", "twice", "with the part that it must contain", ends);
        }
        if let Some(part) = rules.not_contains.as_deref() {
            let id = "string.not_contains";
            let middle = base.char_indices().nth(base.chars().count() / 2).map_or(0, |it| it.0);
            let (head, tail) = base.split_at(middle);
            let values = vec![format!("{head}{part}{tail}"), format!("{part}{base}"), format!("{base}{part}"), part.to_owned()];
            tries.broken(id, "within", "with the part that it must not contain", values);
            tries.broken(id, "alone", "nothing but the part that it must not contain", vec![part.to_owned()]);
            let nearly = part.char_indices().next_back().map(|(at, _)| part[..at].to_owned());
            let nearly = nearly.map(|it| vec![format!("{head}{it}{tail}"), it]);
            tries.kept(id, "nearly", "with nearly the part that it must not contain", nearly.unwrap_or_default());
        }
        if let Some(pattern) = &self.pattern {
            let id = "string.pattern";
            tries.kept(id, "shortest", "the shortest match of its pattern", vec![pattern.shortest(), base.to_owned()]);
            let changes = [
                ("more", "with a character more at the end", vec![format!("{base}!"), format!("{base} "), format!("{base}é")]),
                ("before", "with a character more in front", vec![format!("!{base}"), format!(" {base}")]),
                ("other-first", "with another first character", replaced(base, 0)),
                ("other-last", "with another last character", replaced(base, base.chars().count().saturating_sub(1))),
                ("case", "in the other case", vec![base.to_lowercase(), base.to_uppercase()]),
                ("empty", "the empty string", vec![String::new()]),
            ];
            for (slug, words, values) in changes {
                tries.broken(id, slug, &format!("{words}, which its pattern does not match"), values);
            }
        }
    }

    /// What is interesting where nothing forbids it.
    fn plain(&self, tries: &mut Tries<String>) {
        let values = [
            ("empty", "the empty string", ""),
            ("blank", "a blank", " "),
            ("accents", "letters with accents, composed and not", "ÅÅ e\u{301}é"),
            ("scripts", "several scripts", "漢字 кириллица עברית"),
            ("emoji", "an emoji of several code points", "👩\u{200d}💻🏳\u{fe0f}\u{200d}🌈"),
            ("markup", "markup and quotes", "<b>'\"&--;%s{{}}</b>"),
            ("null", "a null character", "a\u{0}b"),
            ("lines", "line breaks and tabs", "a\r\nb\tc"),
        ];
        for (slug, words, value) in values {
            tries.plain(slug, words, value.to_owned());
        }
        for (at, text) in self.literals.texts.iter().enumerate() {
            for value in [text.clone(), format!("{text}a"), format!("a{text}")] {
                tries.plain(&format!("named-{}", at + 1), "a value near one that a rule names", value);
            }
        }
        for size in self.literals.sizes() {
            for length in [size.saturating_sub(1), size, size + 1] {
                for value in self.of_length(length, None).into_iter().take(1) {
                    tries.plain(&format!("length-{length}"), "a length near a number that a rule names", value);
                }
            }
        }
    }

    /// Searches for what is still missing: for each rule a string that breaks it
    /// and nothing else.
    fn searched(
        &self,
        tries: &mut Tries<String>,
        bases: &[String],
        weigh: &mut Weigh<'_>,
        rng: &mut StdRng,
    ) {
        let values = tries.candidates.iter().flat_map(|it| &it.values);
        let done: BTreeSet<BTreeSet<String>> = values.filter_map(|it| weigh(it)).collect();
        for rule in self.keys() {
            let wanted = BTreeSet::from([rule.clone()]);
            if done.contains(&wanted) {
                continue;
            }
            if tries.impossible.iter().any(|(aim, _)| aim.rule == rule && aim.side == Side::Broken) {
                continue;
            }
            if let Some(found) = self.search(&wanted, bases, weigh, rng) {
                tries.broken(&rule, "found", "a value that breaks this rule alone", vec![found]);
            }
        }
    }
}

/// Strings that differ from one as little as possible.
fn near(text: &str) -> Vec<String> {
    let mut near = vec![format!("{text}x"), format!("x{text}")];
    near.extend(text.char_indices().next_back().map(|(at, _)| text[..at].to_owned()));
    near.extend([text.to_uppercase(), text.to_lowercase(), String::new()]);
    near.retain(|it| it != text);
    near
}

/// A string without a part of it: left out, changed in case, or replaced by other
/// characters, as many.
fn without(base: &str, at: Option<usize>, part: &str) -> Vec<String> {
    let Some(at) = at.filter(|_| !part.is_empty()) else {
        return Vec::new();
    };
    let (head, tail) = (&base[..at], &base[at + part.len()..]);
    let filler = "x".repeat(part.chars().count());
    let less = part.char_indices().next_back().map_or("", |(end, _)| &part[..end]);
    vec![
        format!("{head}{less}{tail}"),
        format!("{head}{}{tail}", part.to_uppercase()),
        format!("{head}{}{tail}", part.to_lowercase()),
        format!("{head}{filler}{tail}"),
        format!("{head}{tail}"),
    ]
}

/// A string with one character replaced by others.
fn replaced(base: &str, place: usize) -> Vec<String> {
    let others = ['!', ' ', '0', 'a', 'A', '~'];
    let with = |other: char| {
        let characters = base.chars().enumerate();
        let characters = characters.map(|(at, it)| if at == place { other } else { it });
        characters.collect::<String>()
    };
    others.into_iter().map(with).filter(|it| it != base).collect()
}
