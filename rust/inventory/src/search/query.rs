//! The words of a query, and what each of them may stand for.

use text_normalization::query_words;

use super::points::Match;

/// Frequent words that need not match if the query has other words. They still count for the
/// ranking.
const FREQUENT_WORDS: [&str; 19] = [
    "a", "an", "and", "at", "book", "books", "by", "for", "from", "in", "novel", "novels", "of",
    "on", "or", "series", "the", "to", "with",
];

/// The numbers whose words may be written as digits.
const NUMBERS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueryWord {
    /// The word as the visitor wrote it, normalized.
    pub(super) text: String,
    /// Whether it may be the beginning of a word.
    pub(super) is_prefix: bool,
    /// Whether books without it are found as well.
    pub(super) is_optional: bool,
    /// Other words for it, each with how well it matches.
    pub(super) alternatives: Vec<(String, Match)>,
}

impl QueryWord {
    fn new(text: String) -> Self {
        let alternatives = variants(&text).into_iter();
        Self {
            alternatives: alternatives.map(|word| (word, Match::Variant)).collect(),
            text,
            is_prefix: false,
            is_optional: false,
        }
    }
}

/// A query as the search understands it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Query {
    /// Each word once. The last word of the text may be the beginning of a word.
    pub(super) words: Vec<QueryWord>,
    /// The words of the text in their order, as places in `words`.
    sequence: Vec<usize>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let mut words: Vec<QueryWord> = Vec::new();
        let mut sequence = Vec::new();
        for text in query_words(text) {
            let known = words.iter().position(|known| known.text == text);
            sequence.push(known.unwrap_or(words.len()));
            if known.is_none() {
                words.push(QueryWord::new(text));
            }
        }
        let last = sequence.last().copied();
        for (place, word) in words.iter_mut().enumerate() {
            word.is_prefix = Some(place) == last;
            word.is_optional = FREQUENT_WORDS.contains(&word.text.as_str())
                || (!word.is_prefix && word.text.chars().count() == 1);
        }
        if words.iter().all(|word| word.is_optional) {
            for word in &mut words {
                word.is_optional = false;
            }
        }
        Self { words, sequence }
    }

    /// The words in the order of the text, some of them more than once.
    pub(super) fn sequence(&self) -> impl ExactSizeIterator<Item = &QueryWord> + Clone {
        self.sequence.iter().map(|place| &self.words[*place])
    }

    /// The text without the word at a place of `words`.
    pub(super) fn without(&self, place: usize) -> String {
        let kept = self.sequence.iter().filter(|other| **other != place);
        let texts: Vec<_> = kept.map(|place| self.words[*place].text.as_str()).collect();
        texts.join(" ")
    }
}

/// The singular or the plural of a word, and numbers in the other spelling.
pub(super) fn variants(word: &str) -> Vec<String> {
    let mut variants = Vec::new();
    if let Some(number) = NUMBERS.iter().position(|number| *number == word) {
        variants.push(number.to_string());
    }
    if let Some(number) = word
        .parse()
        .ok()
        .and_then(|number: usize| NUMBERS.get(number))
    {
        variants.push((*number).to_owned());
    }
    let letters = word.chars().count();
    if letters < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return variants;
    }
    match word.strip_suffix("ies") {
        Some(stem) if letters > 4 => variants.push(format!("{stem}y")),
        _ => {}
    }
    match word.strip_suffix("es") {
        Some(stem) if letters > 4 && stem.ends_with(['x', 'h', 's', 'z']) => {
            variants.push(stem.to_owned());
        }
        _ => {}
    }
    match word.strip_suffix('s') {
        Some(stem) if letters > 3 && !word.ends_with("ss") => variants.push(stem.to_owned()),
        Some(_) => {}
        None => {
            variants.push(format!("{word}s"));
            if let Some(stem) = word.strip_suffix('y') {
                variants.push(format!("{stem}ies"));
            }
            if word.ends_with(['x', 'h', 'z']) {
                variants.push(format!("{word}es"));
            }
        }
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(query: &str) -> Vec<String> {
        let words = Query::parse(query).words.into_iter();
        words
            .filter(|word| !word.is_optional)
            .map(|word| word.text)
            .collect()
    }

    #[test]
    fn frequent_words_and_initials_are_optional_beside_others() {
        assert_eq!(required("The Lord of the Rings"), ["lord", "rings"]);
        assert_eq!(required("the"), ["the"]);
        assert_eq!(required("of the"), ["of", "the"]);
        assert_eq!(required("J. K. Rowling"), ["rowling"]);
        assert_eq!(required("stephen k"), ["stephen", "k"]);
        assert_eq!(required("it"), ["it"]);
    }

    #[test]
    fn only_the_last_word_is_a_prefix() {
        let words = Query::parse("dune mess").words;
        assert_eq!(
            words.iter().map(|word| word.is_prefix).collect::<Vec<_>>(),
            [false, true]
        );
        let query = Query::parse("boo boo");
        assert_eq!((query.words.len(), query.sequence().len()), (1, 2));
        assert!(query.words[0].is_prefix);
    }

    #[test]
    fn singular_plural_and_numbers_are_variants() {
        assert_eq!(variants("game"), ["games"]);
        assert_eq!(variants("games"), ["game"]);
        assert_eq!(variants("city"), ["citys", "cities"]);
        assert_eq!(variants("cities"), ["city", "citie"]);
        assert!(variants("boxes").contains(&"box".to_owned()));
        assert_eq!(variants("7"), ["seven"]);
        assert_eq!(variants("two"), ["2", "twos"]);
        assert!(variants("princess").is_empty());
        assert!(variants("it").is_empty());
    }
}
