//! The text that is printed on a cover.

use contract::bookstore::inventory::v1::Book;

/// The text of a cover, without characters that XML or the layout does not support.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wording {
    /// The complete title in one line, for the `title` element of the SVG.
    pub full_title: String,
    pub title: String,
    /// The part after a colon or in brackets at the end; may be empty.
    pub subtitle: String,
    /// May be empty.
    pub author: String,
}

impl Wording {
    /// The text for the cover of a book.
    pub fn of(book: &Book) -> Self {
        let full_title = clean(&book.title);
        let (title, subtitle) = split(&full_title);
        let author = match book.authors.as_slice() {
            [] => String::new(),
            [one] => clean(one),
            [one, two] => format!("{} & {}", clean(one), clean(two)),
            [one, ..] => format!("{} and others", clean(one)),
        };
        Self {
            title: title.to_owned(),
            subtitle: subtitle.to_owned(),
            author,
            full_title: full_title.clone(),
        }
    }
}

/// Reduces the text to one line without control characters, which XML does not allow, and
/// without characters that change the text direction.
fn clean(text: &str) -> String {
    let kept = text.chars().map(|character| match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => ' ',
        '\u{fffe}' | '\u{ffff}' => ' ',
        control if control.is_control() => ' ',
        other => other,
    });
    let kept: String = kept.collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits a title into title and subtitle, as in `Sapiens: A Brief History` and
/// `Catching Fire (The Hunger Games, #2)`.
fn split(title: &str) -> (&str, &str) {
    if let Some((head, rest)) = title.split_once(" (")
        && let Some(series) = rest.strip_suffix(')')
        && !series.contains('(')
        && !head.is_empty()
    {
        let (head, _) = split_at_colon(head);
        return (head, series);
    }
    split_at_colon(title)
}

fn split_at_colon(title: &str) -> (&str, &str) {
    match title.split_once(": ") {
        Some((head, rest)) if !head.is_empty() && !rest.is_empty() => (head, rest),
        _ => (title, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_split_into_title_and_subtitle() {
        assert_eq!(split("Emma"), ("Emma", ""));
        assert_eq!(
            split("Sapiens: A Brief History"),
            ("Sapiens", "A Brief History")
        );
        assert_eq!(
            split("Catching Fire (The Hunger Games, #2)"),
            ("Catching Fire", "The Hunger Games, #2")
        );
        assert_eq!(split("(untitled)"), ("(untitled)", ""));
        assert_eq!(split(": "), (": ", ""));
    }

    #[test]
    fn characters_that_xml_forbids_are_removed() {
        assert_eq!(
            clean("a\u{0}b\u{1b}[0m \u{202e}c\n\td\u{ffff}"),
            "a b [0m c d"
        );
    }
}
