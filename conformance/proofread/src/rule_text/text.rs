//! Formatting that all rule descriptions use.

/// Formats text as a Markdown code span, whatever backticks it contains. Control
/// characters are escaped, so that a pattern with a line break stays on one line.
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

/// Formats a string value in quotes, so that empty strings and spaces are visible.
pub fn quoted(text: &str) -> String {
    code(&format!("\"{text}\""))
}

/// Formats bytes as a string literal with escapes: `"\x00a"`.
pub(super) fn byte_literal(bytes: impl AsRef<[u8]>) -> String {
    code(&format!("\"{}\"", bytes.as_ref().escape_ascii()))
}

/// `1 item`, `3 items`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

/// Describes a minimum and a maximum size: `1 to 9 items`, `not empty`; `None` if
/// neither restricts anything.
pub(super) fn size_range(
    min: Option<u64>,
    max: Option<u64>,
    one: &str,
    many: &str,
) -> Option<String> {
    match (min, max) {
        (None, None) => None,
        (Some(0) | None, Some(0)) => Some("empty".to_owned()),
        (Some(0), None) => None,
        (Some(1), None) => Some("not empty".to_owned()),
        (Some(min), None) => Some(format!("at least {}", count(min, one, many))),
        (Some(0) | None, Some(max)) => Some(format!("at most {}", count(max, one, many))),
        (Some(min), Some(max)) if min == max => Some(format!("exactly {}", count(max, one, many))),
        (Some(min), Some(max)) => Some(format!("{min} to {max} {many}")),
    }
}

/// `one of 1, 2, 3`; `None` if the list is empty.
pub(super) fn one_of<T>(values: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    match values {
        [] => None,
        [only] => Some(format!("exactly {}", show(only))),
        values => Some(format!("one of {}", joined(values, show))),
    }
}

/// `not 0`, `none of 1, 2`; `None` if the list is empty.
pub(super) fn none_of<T>(values: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    match values {
        [] => None,
        [only] => Some(format!("not {}", show(only))),
        values => Some(format!("none of {}", joined(values, show))),
    }
}

/// `for example 5, 7`; `None` if the list is empty.
pub(super) fn examples<T>(values: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    (!values.is_empty()).then(|| format!("for example {}", joined(values, show)))
}

/// The values, separated by commas.
pub(super) fn joined<T>(values: &[T], show: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = values.iter().map(show).collect();
    shown.join(", ")
}
