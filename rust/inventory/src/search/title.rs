//! Splits the title of a book into its main title, the rest, and the series that it names.
//!
//! Catalogues write the series behind the title: "The Hobbit (Middle-earth, #1)". A search for
//! "the hobbit" must still find the book by its whole title.

use text_normalization::query_words;

/// Words by which a title calls itself a set of several books.
const SET_WORDS: [&str; 4] = ["boxset", "boxsets", "omnibus", "boxed"];

/// Words of books about other books.
const COMPANION_WORDS: [&str; 8] = [
    "companion",
    "unofficial",
    "unauthorized",
    "sparknotes",
    "cliffsnotes",
    "workbook",
    "summary",
    "trivia",
];

/// Words that make a guide one to other books.
const GUIDE_KINDS: [&str; 5] = ["official", "study", "teacher", "ultimate", "visual"];

/// The parts of a title.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TitleParts<'t> {
    /// What people call the book: the text before a colon, a dash or a parenthesis.
    pub(crate) main: &'t str,
    /// All text behind it, with the series.
    pub(crate) rest: &'t str,
    /// The name of the series in a final parenthesis with a number: "Dune" of "(Dune, #1)".
    pub(crate) series: Option<&'t str>,
    /// The number in the series, if it is a whole one.
    pub(crate) series_number: Option<u32>,
    /// Whether it is several works in one: the number is a range, or the title says so.
    pub(crate) is_set: bool,
    /// Whether it is a book about another book, or an aid for readers of one.
    pub(crate) is_companion: bool,
}

impl<'t> TitleParts<'t> {
    pub(crate) fn of(title: &'t str) -> Self {
        let title = title.trim();
        let (main, rest) = split_main(title);
        let (series, number) = series_in_title(title);
        let words = query_words(title);
        let is_box_set = words
            .windows(2)
            .any(|pair| pair[1].starts_with("set") && ["box", "book"].contains(&pair[0].as_str()));
        let is_range = number.is_some_and(|number| number.contains(['-', '–', '+', '&', ',']));
        let says_collection = series.is_some() && words.iter().any(|word| word == "collection");
        let is_guide = words
            .windows(2)
            .any(|pair| pair[1] == "guide" && GUIDE_KINDS.contains(&pair[0].as_str()));
        Self {
            main,
            rest,
            series,
            series_number: number.and_then(|number| number.trim().parse().ok()),
            is_set: is_range || is_box_set || says_collection || contains_any(&words, &SET_WORDS),
            is_companion: is_guide || contains_any(&words, &COMPANION_WORDS),
        }
    }
}

/// Splits behind the main title. A title that begins with a separator is not split.
fn split_main(title: &str) -> (&str, &str) {
    let separators = [": ", " (", " - ", " – ", " — ", "; ", " / "];
    let ends = separators
        .iter()
        .filter_map(|separator| title.find(separator).filter(|end| *end > 0));
    match ends.min() {
        Some(end) if !query_words(&title[..end]).is_empty() => title.split_at(end),
        _ => (title, ""),
    }
}

/// The name and the number of the series in a final "(Name, #Number)".
pub(crate) fn series_in_title(title: &str) -> (Option<&str>, Option<&str>) {
    let inner = title
        .strip_suffix(')')
        .and_then(|open| open.rsplit_once('('))
        .map(|(_, inner)| inner);
    let Some((name, number)) = inner.and_then(|inner| inner.split_once('#')) else {
        return (None, None);
    };
    let name = name.trim_end_matches([' ', ',']).trim();
    let number = number.split(';').next().map(str::trim);
    (Some(name).filter(|name| !name.is_empty()), number)
}

fn contains_any(words: &[String], listed: &[&str]) -> bool {
    words.iter().any(|word| listed.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_subtitle_do_not_belong_to_the_main_title() {
        let parts = TitleParts::of("Harry Potter and the Goblet of Fire (Harry Potter, #4)");
        assert_eq!(parts.main, "Harry Potter and the Goblet of Fire");
        assert_eq!(
            (parts.series, parts.series_number),
            (Some("Harry Potter"), Some(4))
        );
        assert!(!parts.is_set && !parts.is_companion);
        let parts = TitleParts::of("Mindset: The New Psychology of Success");
        assert_eq!(parts.main, "Mindset");
        assert_eq!(TitleParts::of("(untitled)").main, "(untitled)");
        assert_eq!(TitleParts::of("").main, "");
        assert_eq!(TitleParts::of("1984 (ß)").main, "1984");
    }

    #[test]
    fn second_series_in_the_parenthesis_is_ignored() {
        let parts = TitleParts::of("The Black Box (Harry Bosch, #18; Harry Bosch Universe, #22)");
        assert_eq!(
            (parts.series, parts.series_number),
            (Some("Harry Bosch"), Some(18))
        );
        assert!(!parts.is_set);
    }

    #[test]
    fn sets_and_companions_are_recognized() {
        for set in [
            "Harry Potter Boxset (Harry Potter, #1-7)",
            "The Lord of the Rings (The Lord of the Rings, #1-3)",
            "Vampire Academy Box Set",
            "Harry Potter Boxed Set, Books 1-5",
            "The Twilight Collection (Twilight, #2)",
            "Wool Omnibus (Silo, #1)",
        ] {
            assert!(TitleParts::of(set).is_set, "{set}");
        }
        for single in [
            "Heart-Shaped Box",
            "Bird Box",
            "The Set-Up",
            "The Collection",
        ] {
            assert!(!TitleParts::of(single).is_set, "{single}");
        }
        assert!(TitleParts::of("The Hunger Games Companion").is_companion);
        assert!(TitleParts::of("Percy Jackson: The Ultimate Guide").is_companion);
        assert!(!TitleParts::of("The Hitchhiker's Guide to the Galaxy").is_companion);
    }
}
