//! Text styles for the terminal. They are always written; `anstream` removes them if the
//! output is no terminal.

use anstyle::{AnsiColor, Color, Style};

/// Titles.
pub const BOLD: Style = Style::new().bold();
/// Details of lesser importance.
pub const DIM: Style = Style::new().dimmed();
/// Failures.
pub const RED: Style = colored(AnsiColor::Red).bold();
/// Success.
pub const GREEN: Style = colored(AnsiColor::Green);
/// Warnings and notes.
pub const YELLOW: Style = colored(AnsiColor::Yellow);
/// Names from the contract.
pub const CYAN: Style = colored(AnsiColor::Cyan);

const fn colored(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

/// The text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `1 case`, `2 cases`, `12,000 cases`.
pub fn count(number: u64, singular: &str) -> String {
    match number {
        1 => format!("1 {singular}"),
        number => format!("{} {singular}s", with_thousands_separators(number)),
    }
}

/// `12,345`.
pub fn with_thousands_separators(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated_and_nouns_agree() {
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(count(0, "case"), "0 cases");
        let texts = [5, 999, 1000, 12_345, 1_234_567].map(with_thousands_separators);
        assert_eq!(texts, ["5", "999", "1,000", "12,345", "1,234,567"]);
    }
}
