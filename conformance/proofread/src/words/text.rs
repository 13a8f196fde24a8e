//! Pieces of text that all rules use.

/// Text as Markdown code, whatever backticks it contains. Control characters are
/// shown as escapes, so that a pattern with a line break stays on its line.
pub fn code(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            visible.extend(character.escape_default());
        } else {
            visible.push(character);
        }
    }
    let longest = visible
        .split(|character| character != '`')
        .map(str::len)
        .max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    let needs_space = visible.starts_with('`') || visible.ends_with('`') || visible.is_empty();
    let space = if needs_space { " " } else { "" };
    format!("{fence}{space}{visible}{space}{fence}")
}

/// A string value: in quotes, so that an empty one and spaces are seen.
pub fn quoted(text: &str) -> String {
    code(&format!("\"{text}\""))
}

/// Bytes, as the literal that one would write in a program.
pub(super) fn byte_literal(bytes: impl AsRef<[u8]>) -> String {
    code(&format!("\"{}\"", bytes.as_ref().escape_ascii()))
}

/// `1 item`, `3 items`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

/// A least and a greatest number of things.
pub(super) fn sizes(
    least: Option<u64>,
    most: Option<u64>,
    one: &str,
    many: &str,
) -> Option<String> {
    match (least, most) {
        (None, None) => None,
        (Some(0) | None, Some(0)) => Some("empty".to_owned()),
        (Some(0), None) => None,
        (Some(1), None) => Some("not empty".to_owned()),
        (Some(least), None) => Some(format!("at least {}", count(least, one, many))),
        (Some(0) | None, Some(most)) => Some(format!("at most {}", count(most, one, many))),
        (Some(least), Some(most)) if least == most => {
            Some(format!("exactly {}", count(most, one, many)))
        }
        (Some(least), Some(most)) => Some(format!("{least} to {most} {many}")),
    }
}

/// `one of 1, 2, 3`, or nothing where the list is empty.
pub(super) fn one_of<T>(values: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    match values {
        [] => None,
        [only] => Some(format!("exactly {}", show(only))),
        values => Some(format!("one of {}", joined(values, show))),
    }
}

/// `not 0`, `none of 1, 2`, or nothing where the list is empty.
pub(super) fn none_of<T>(values: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    match values {
        [] => None,
        [only] => Some(format!("not {}", show(only))),
        values => Some(format!("none of {}", joined(values, show))),
    }
}

/// `for example 5, 7`, or nothing where the list is empty.
pub(super) fn examples<T>(values: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    (!values.is_empty()).then(|| format!("for example {}", joined(values, show)))
}

/// The values, separated by commas.
pub(super) fn joined<T>(values: &[T], show: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = values.iter().map(show).collect();
    shown.join(", ")
}
