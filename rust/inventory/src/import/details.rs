//! The parts of a book that only its page shows: description, pages, series and image.

use prost_protovalidate::Validate;

use contract::bookstore::inventory::v1::Book;

use super::{Mapping, Note, field::Field, plain_text::plain_text, record::Record};
use crate::search::series_in_title;

/// The longest description of the contract.
const MAX_DESCRIPTION_CHARS: usize = 4000;

/// The most digits before and behind the point of a number in a series.
const MAX_DIGITS: (usize, usize) = (5, 3);

/// The description as plain text, cut behind a word if it is longer than the contract allows.
pub(super) fn description(record: &Record<'_>, notes: &mut Vec<Note>) -> String {
    let text = record.text(Field::Description);
    if record.is_exact {
        // A file that was edited under Windows may have other line breaks than its export.
        return text.replace("\r\n", "\n");
    }
    let plain = plain_text(text);
    let Some((end, _)) = plain.char_indices().nth(MAX_DESCRIPTION_CHARS) else {
        return plain;
    };
    notes.push(Note::LongDescription);
    let whole: usize = plain
        .char_indices()
        .nth(MAX_DESCRIPTION_CHARS - 1)
        .map_or(end, |(it, _)| it);
    let kept = &plain[..whole];
    let kept = kept
        .rfind(char::is_whitespace)
        .map_or(kept, |blank| &kept[..blank]);
    format!("{}…", kept.trim_end())
}

/// The name of the series and the number in it. If the mapping says that titles have them, they
/// are taken from there: "Dune" and "1" of "Dune (Dune, #1)".
pub(super) fn series(
    record: &Record<'_>,
    mapping: &Mapping,
    notes: &mut Vec<Note>,
) -> (String, String) {
    let name = record.text(Field::Series);
    let number = record.text(Field::SeriesNumber);
    if record.is_exact {
        return (name.to_owned(), number.to_owned());
    }
    if name.is_empty() && mapping.series_in_title {
        let (name, number) = series_in_title(record.text(Field::Title));
        let number = number.and_then(series_number);
        return (
            name.unwrap_or_default().to_owned(),
            number.unwrap_or_default(),
        );
    }
    let found = series_number(number);
    if found.is_none() && !number.is_empty() {
        notes.push(Note::InvalidSeriesNumber);
    }
    (name.to_owned(), found.unwrap_or_default())
}

/// The first number or range of numbers in a text: `3` in "Book 3", `1.5` and `1-3`. Data frames
/// write whole numbers as `3.0`.
fn series_number(text: &str) -> Option<String> {
    let begin = text.find(|letter: char| letter.is_ascii_digit())?;
    let (first, rest) = decimal(&text[begin..])?;
    let last = rest.trim_start().strip_prefix(['-', '–']);
    match last.and_then(|last| decimal(last.trim_start())) {
        Some((last, _)) => Some(format!("{first}-{last}")),
        None => Some(first),
    }
}

/// The decimal number with which a text begins, and what follows it.
fn decimal(text: &str) -> Option<(String, &str)> {
    let (units, rest) = digits(text);
    if units.is_empty() || units.len() > MAX_DIGITS.0 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.').map(digits) {
        Some((fraction, after)) if !fraction.is_empty() => (fraction, after),
        _ => ("", rest),
    };
    match fraction.trim_end_matches('0') {
        "" => Some((units.to_owned(), rest)),
        fraction if fraction.len() <= MAX_DIGITS.1 => Some((format!("{units}.{fraction}"), rest)),
        _ => None,
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// The number of pages; 0 means that it is unknown.
pub(super) fn page_count(parsed: Option<i32>) -> Option<i32> {
    parsed.filter(|pages| *pages != 0)
}

/// The address of the image. Placeholders are left out, and so is an address that the contract
/// does not allow, because the book is good without it.
pub(super) fn image_url(record: &Record<'_>, mapping: &Mapping, notes: &mut Vec<Note>) -> String {
    let address = record.text(Field::ImageUrl);
    let placeholder = mapping.image_placeholder.as_deref();
    if placeholder.is_some_and(|part| address.contains(part)) {
        return String::new();
    }
    if address.is_empty() {
        return String::new();
    }
    let with_address = Book {
        image_url: address.to_owned(),
        ..Book::default()
    };
    let violations = with_address.validate().err();
    let violations = violations.iter().flat_map(|error| error.violations());
    if violations
        .into_iter()
        .any(|it| it.field_path() == "image_url")
    {
        notes.push(Note::InvalidImageUrl);
        return String::new();
    }
    address.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(texts: &[(Field, &'static str)]) -> Record<'static> {
        let mut record = Record::default();
        for (field, text) in texts {
            record.set(*field, *text);
        }
        record
    }

    #[test]
    fn numbers_in_a_series_are_found_in_what_files_write() {
        for (text, expected) in [
            ("3", Some("3")),
            ("Book 3", Some("3")),
            ("3.0", Some("3")),
            ("1.5", Some("1.5")),
            ("0.50", Some("0.5")),
            ("Vol. 1 – 3", Some("1-3")),
            ("1-3.5", Some("1-3.5")),
            ("4.", Some("4")),
            ("III", None),
            ("1234567", None),
            ("1.2345", None),
        ] {
            assert_eq!(series_number(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn series_of_the_title_is_taken_only_if_the_mapping_says_so() {
        let title = record(&[(Field::Title, "The Boxcar (Boxcar Children, #1.5)")]);
        let mut notes = Vec::new();
        let none = series(&title, &Mapping::default(), &mut notes);
        assert_eq!(none, (String::new(), String::new()));
        let mapping = Mapping {
            series_in_title: true,
            ..Mapping::default()
        };
        let found = series(&title, &mapping, &mut notes);
        assert_eq!(found, ("Boxcar Children".to_owned(), "1.5".to_owned()));
        let named = record(&[
            (Field::Title, "The Boxcar (Boxcar Children, #1.5)"),
            (Field::Series, "Boxcars"),
            (Field::SeriesNumber, "second"),
        ]);
        let found = series(&named, &mapping, &mut notes);
        assert_eq!(found, ("Boxcars".to_owned(), String::new()));
        assert_eq!(notes, [Note::InvalidSeriesNumber]);
    }

    #[test]
    fn long_description_is_cut_behind_a_word() {
        let text: &'static str = Box::leak("word ".repeat(1000).into_boxed_str());
        let mut notes = Vec::new();
        let cut = description(&record(&[(Field::Description, text)]), &mut notes);
        assert!(cut.ends_with("word word…"), "{cut}");
        assert!((3990..=MAX_DESCRIPTION_CHARS).contains(&cut.chars().count()));
        assert_eq!(notes, [Note::LongDescription]);
    }

    #[test]
    fn only_addresses_that_the_contract_allows_are_taken() {
        let mapping = Mapping {
            image_placeholder: Some("/nophoto/".to_owned()),
            ..Mapping::default()
        };
        for (address, is_taken, is_noted) in [
            ("https://images.example/1.jpg?w=98&h=%20", true, false),
            ("https://images.example/nophoto/1.jpg", false, false),
            ("http://images.example/1.jpg", false, true),
            (
                "https://images.example; script-src 'unsafe-inline'/",
                false,
                true,
            ),
            ("https://user@images.example/1.jpg", false, true),
            ("//images.example/1.jpg", false, true),
            ("", false, false),
        ] {
            let mut notes = Vec::new();
            let taken = image_url(&record(&[(Field::ImageUrl, address)]), &mapping, &mut notes);
            assert_eq!(taken, if is_taken { address } else { "" });
            assert_eq!(notes == [Note::InvalidImageUrl], is_noted, "{address}");
        }
    }
}
