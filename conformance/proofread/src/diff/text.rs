//! A comparison for the terminal.

use std::fmt::Write;

use anstyle::Style;

use super::{Diff, Severity, Shows};
use crate::style::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, paint};

/// How many ids of cases are shown in a row.
const IDS: usize = 4;

/// Writes a comparison as lines of styled text.
pub fn text(diff: &Diff) -> String {
    let mut text = String::new();
    for method in &diff.methods {
        let _ = writeln!(text, "{}", paint(BOLD, &method.method));
        for change in &method.changes {
            let (word, style) = shown(change.severity);
            let _ = writeln!(
                text,
                "  {} {}",
                paint(style, format!("{word:<9}")),
                change.what
            );
            if let Some(example) = &change.example {
                let of = match change.shown_by {
                    0 | 1 => String::new(),
                    number => {
                        let shows = match change.shows {
                            Shows::Request => "requests",
                            Shows::Answer => "answers",
                        };
                        paint(DIM, format!("  one of {number} such {shows}"))
                    }
                };
                let _ = writeln!(text, "            {example}{of}");
            }
            if let Some(place) = &change.place {
                let _ = writeln!(text, "            {}", paint(CYAN, place));
            }
        }
        for (word, ids) in [("appear", &method.appear), ("disappear", &method.disappear)] {
            if !ids.is_empty() {
                let cases = count(ids.len() as u64, "case");
                let ending = if ids.len() == 1 { "s" } else { "" };
                let line = format!("{cases} {word}{ending}: {}", some_of(ids));
                let _ = writeln!(text, "  {}", paint(DIM, line));
            }
        }
        text.push('\n');
    }
    let counts = diff.counts();
    let told: Vec<String> = counts
        .iter()
        .map(|(severity, number)| count(*number as u64, noun(*severity)))
        .collect();
    let compared = count(diff.compared as u64, "method");
    let _ = match (diff.breaks(), told.is_empty()) {
        (true, _) => writeln!(
            text,
            "{} {} in {compared}",
            paint(RED, "✗"),
            told.join(", ")
        ),
        (_, true) => writeln!(
            text,
            "{} nothing changes for the callers of {compared}",
            paint(GREEN, "✓")
        ),
        _ => writeln!(
            text,
            "{} no break; {} in {compared}",
            paint(GREEN, "✓"),
            told.join(", ")
        ),
    };
    text
}

fn shown(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Break => ("BREAK", RED),
        Severity::Behaviour => ("behaviour", YELLOW),
        Severity::Details => ("details", YELLOW),
        Severity::Loosening => ("loosening", GREEN),
        Severity::Promise => ("promise", GREEN),
        Severity::Addition => ("new", GREEN),
    }
}

fn noun(severity: Severity) -> &'static str {
    match severity {
        Severity::Break => "break",
        Severity::Behaviour => "behavioural change",
        Severity::Details => "change of detail",
        Severity::Loosening => "loosening",
        Severity::Promise => "promise",
        Severity::Addition => "addition",
    }
}

fn some_of(ids: &[String]) -> String {
    let shown = ids.iter().take(IDS).cloned().collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(IDS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
