//! How the bookstore writes texts to its own CSV files so that they are read without any change.
//!
//! Readers of CSV trim blanks around a field, and `;` separates authors. A backslash keeps both:
//! before a blank at an end of the field, before a semicolon within the name of an author, and
//! before another backslash.

use std::borrow::Cow;

/// A text for a field.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let inner = text.trim();
    let begin = text.len() - text.trim_start().len();
    let is_blank = inner.is_empty();
    for (position, letter) in text.char_indices() {
        let is_outside = is_blank || position < begin || position >= begin + inner.len();
        if is_outside || matches!(letter, '\\' | ';') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// The text of a field.
pub(super) fn unescape(field: &str) -> Cow<'_, str> {
    let trimmed = trim(field);
    if !trimmed.contains('\\') {
        return Cow::Borrowed(trimmed);
    }
    let mut text = String::with_capacity(trimmed.len());
    let mut letters = trimmed.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next().or(Some('\\'))),
            letter => text.push(letter),
        }
    }
    Cow::Owned(text)
}

/// The texts between the semicolons of a field, without empty ones.
pub(super) fn unescape_list(field: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut is_escaped = false;
    for (position, letter) in field.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ';' => {
                parts.push(&field[begin..position]);
                begin = position + 1;
            }
            _ => {}
        }
    }
    parts.push(&field[begin..]);
    let texts = parts.into_iter().map(|part| unescape(part).into_owned());
    texts.filter(|text| !text.is_empty()).collect()
}

/// The field without blanks around it. One after a backslash stays.
fn trim(field: &str) -> &str {
    let field = field.trim_start();
    let trimmed = field.trim_end();
    let backslashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    let kept = if backslashes % 2 == 1 {
        field[trimmed.len()..]
            .chars()
            .next()
            .map_or(0, char::len_utf8)
    } else {
        0
    };
    &field[..trimmed.len() + kept]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_texts_are_written_as_they_are() {
        assert_eq!(escape("The Maltese Falcon"), "The Maltese Falcon");
        assert_eq!(unescape("  The Maltese Falcon "), "The Maltese Falcon");
        assert_eq!(
            unescape_list("Terry Pratchett;  Neil Gaiman ;"),
            ["Terry Pratchett", "Neil Gaiman"]
        );
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_it_was_written(text in "[ \u{a0};\\\\ab]{0,8}|\\PC*") {
            let field = escape(&text);
            prop_assert_eq!(unescape(&field), text);
        }

        #[test]
        fn every_list_is_read_as_it_was_written(
            texts in proptest::collection::vec("[ \u{a0};\\\\ab]{1,6}|\\PC+", 0..4),
        ) {
            let field = texts.iter().map(|text| escape(text)).collect::<Vec<_>>().join("; ");
            prop_assert_eq!(unescape_list(&field), texts);
        }

        #[test]
        fn any_field_is_read(field in any::<String>()) {
            let _ = (unescape(&field), unescape_list(&field));
        }
    }
}
