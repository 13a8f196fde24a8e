//! What is printed on a cover.

use contract::bookstore::inventory::v1::Book;

/// The words of a cover, free of what XML or the layout can't hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wording {
    /// All in one line, for the name of the file.
    pub whole: String,
    pub title: String,
    /// What follows a colon, or stands in brackets at the end; may be empty.
    pub subtitle: String,
    /// May be empty.
    pub author: String,
}

impl Wording {
    /// The wording for a book.
    pub fn of(book: &Book) -> Self {
        let whole = clean(&book.title);
        let (title, subtitle) = divide(&whole);
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
            whole: whole.clone(),
        }
    }
}

/// One line without control characters, which XML forbids, and without those that
/// turn the direction of what comes after.
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

/// `Sapiens: A Brief History` and `Catching Fire (The Hunger Games, #2)` have two
/// parts.
fn divide(title: &str) -> (&str, &str) {
    if let Some((head, rest)) = title.split_once(" (")
        && let Some(series) = rest.strip_suffix(')')
        && !series.contains('(')
        && !head.is_empty()
    {
        let (head, _) = divide_at_colon(head);
        return (head, series);
    }
    divide_at_colon(title)
}

fn divide_at_colon(title: &str) -> (&str, &str) {
    match title.split_once(": ") {
        Some((head, rest)) if !head.is_empty() && !rest.is_empty() => (head, rest),
        _ => (title, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_parts() {
        assert_eq!(divide("Emma"), ("Emma", ""));
        assert_eq!(
            divide("Sapiens: A Brief History"),
            ("Sapiens", "A Brief History")
        );
        assert_eq!(
            divide("Catching Fire (The Hunger Games, #2)"),
            ("Catching Fire", "The Hunger Games, #2")
        );
        assert_eq!(divide("(untitled)"), ("(untitled)", ""));
        assert_eq!(divide(": "), (": ", ""));
    }

    #[test]
    fn what_xml_forbids_is_left_out() {
        assert_eq!(
            clean("a\u{0}b\u{1b}[0m \u{202e}c\n\td\u{ffff}"),
            "a b [0m c d"
        );
    }
}
