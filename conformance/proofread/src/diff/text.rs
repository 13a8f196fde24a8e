//! Formats a comparison for the terminal.

use std::fmt::Write;

use anstyle::Style;

use super::{Diff, ExampleKind, Severity};
use crate::style::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, paint};

/// How many case ids are shown on a line.
const MAX_IDS: usize = 4;

/// Formats a comparison as styled text (ANSI escape codes).
pub fn text(diff: &Diff) -> String {
    let mut text = String::new();
    for method in &diff.methods {
        let _ = writeln!(text, "{}", paint(BOLD, &method.method));
        for change in &method.changes {
            let (word, style) = label(change.severity);
            let _ = writeln!(
                text,
                "  {} {}",
                paint(style, format!("{word:<9}")),
                change.description
            );
            if let Some(example) = &change.example {
                let of = match change.example_count {
                    0 | 1 => String::new(),
                    number => {
                        let example_kind = match change.example_kind {
                            ExampleKind::Request => "requests",
                            ExampleKind::Response => "responses",
                        };
                        paint(DIM, format!("  one of {number} such {example_kind}"))
                    }
                };
                let _ = writeln!(text, "            {example}{of}");
            }
            if let Some(place) = &change.location {
                let _ = writeln!(text, "            {}", paint(CYAN, place));
            }
        }
        for (word, ids) in [
            ("appear", &method.added_cases),
            ("disappear", &method.removed_cases),
        ] {
            if !ids.is_empty() {
                let cases = count(ids.len() as u64, "case");
                let ending = if ids.len() == 1 { "s" } else { "" };
                let line = format!("{cases} {word}{ending}: {}", first_ids(ids));
                let _ = writeln!(text, "  {}", paint(DIM, line));
            }
        }
        text.push('\n');
    }
    let counts = diff.counts();
    let summary: Vec<String> = counts
        .iter()
        .map(|(severity, number)| count(*number as u64, noun(*severity)))
        .collect();
    let compared = count(diff.compared as u64, "method");
    let _ = match (diff.breaks(), summary.is_empty()) {
        (true, _) => writeln!(
            text,
            "{} {} in {compared}",
            paint(RED, "✗"),
            summary.join(", ")
        ),
        (_, true) => writeln!(
            text,
            "{} no changes for clients in {compared}",
            paint(GREEN, "✓")
        ),
        _ => writeln!(
            text,
            "{} no breaking change; {} in {compared}",
            paint(GREEN, "✓"),
            summary.join(", ")
        ),
    };
    text
}

fn label(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Break => ("BREAKING", RED),
        Severity::Behaviour => ("behaviour", YELLOW),
        Severity::Details => ("details", YELLOW),
        Severity::Loosening => ("loosening", GREEN),
        Severity::Guarantee => ("guarantee", GREEN),
        Severity::Addition => ("new", GREEN),
    }
}

fn noun(severity: Severity) -> &'static str {
    match severity {
        Severity::Break => "breaking change",
        Severity::Behaviour => "behavioural change",
        Severity::Details => "detail change",
        Severity::Loosening => "loosening",
        Severity::Guarantee => "guarantee",
        Severity::Addition => "addition",
    }
}

fn first_ids(ids: &[String]) -> String {
    let shown = ids
        .iter()
        .take(MAX_IDS)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match ids.len().saturating_sub(MAX_IDS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
