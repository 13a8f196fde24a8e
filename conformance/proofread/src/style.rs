//! The few ways in which text stands out on a terminal. Written always and taken
//! away by `anstream` where the output is no terminal.

use anstyle::{AnsiColor, Color, Style};

/// Titles.
pub const BOLD: Style = Style::new().bold();
/// What is there for completeness.
pub const DIM: Style = Style::new().dimmed();
/// What is wrong.
pub const RED: Style = colored(AnsiColor::Red).bold();
/// What is right.
pub const GREEN: Style = colored(AnsiColor::Green);
/// What deserves a look.
pub const YELLOW: Style = colored(AnsiColor::Yellow);
/// Names of things in the contract.
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

/// A number with its thousands apart: `12,345`.
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
    fn numbers_are_easy_to_read() {
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(count(0, "case"), "0 cases");
        let shown = [5, 999, 1000, 12_345, 1_234_567].map(with_thousands_separators);
        assert_eq!(shown, ["5", "999", "1,000", "12,345", "1,234,567"]);
    }
}
