//! Formats an explanation for the terminal.

use std::fmt::Write;

use super::{ErrorExplanation, Explanation, FieldExplanation};
use crate::style::{BOLD, CYAN, DIM, GREEN, RED, paint};

/// Formats an explanation as styled text (ANSI escape codes).
pub fn text(explanation: &Explanation) -> String {
    let mut text = paint(BOLD, &explanation.method);
    if let Some(location) = &explanation.location {
        let _ = write!(text, "  {}", paint(DIM, location));
    }
    text.push('\n');
    for line in explanation.comment.lines() {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
    table(&mut text, &explanation.facts);
    request(&mut text, explanation);
    errors(&mut text, explanation);
    if !explanation.cases.is_empty() {
        heading(&mut text, "Cases", "");
        table(&mut text, &explanation.cases);
    }
    text
}

fn heading(text: &mut String, title: &str, more: &str) {
    let _ = writeln!(text, "\n{}{}", paint(BOLD, title), paint(DIM, more));
}

fn table(text: &mut String, rows: &[(&'static str, String)]) {
    let width = rows.iter().map(|(title, _)| title.len()).max().unwrap_or(0);
    for (title, description) in rows {
        let _ = writeln!(text, "  {title:width$}  {description}");
    }
}

fn request(text: &mut String, explanation: &Explanation) {
    heading(text, "Request", &format!("  {}", explanation.request));
    if explanation.fields.is_empty() {
        text.push_str("  It has no fields.\n");
    }
    for field in &explanation.fields {
        field_line(text, field);
    }
    for rule in &explanation.message_rules {
        let _ = writeln!(text, "  {} {rule}", paint(CYAN, "rule"));
    }
}

fn field_line(text: &mut String, field: &FieldExplanation) {
    let _ = write!(
        text,
        "  {}  {}",
        paint(CYAN, &field.path),
        paint(DIM, &field.kind)
    );
    if !field.rules.is_empty() {
        let _ = write!(text, "  {}", field.rules);
    }
    text.push('\n');
    let style = if field.undeclared { RED } else { GREEN };
    let _ = writeln!(
        text,
        "      {} {}",
        paint(style, "unset:"),
        field.unset.trim_start_matches("means: ")
    );
    if let Some(paragraph) = field
        .comment
        .split("\n\n")
        .next()
        .filter(|it| !it.is_empty())
    {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        let _ = writeln!(text, "      {}", paint(DIM, words.join(" ")));
    }
}

fn errors(text: &mut String, explanation: &Explanation) {
    heading(text, "Errors", "");
    let has_rules = explanation
        .fields
        .iter()
        .any(|field| !field.rules.is_empty());
    let mut lines: Vec<ErrorExplanation> = Vec::new();
    if has_rules || !explanation.message_rules.is_empty() {
        lines.push(ErrorExplanation {
            code: "INVALID_ARGUMENT".to_owned(),
            reason: String::new(),
            when: "the request violates a rule above".to_owned(),
        });
    }
    lines.extend(explanation.errors.iter().cloned());
    lines.extend(explanation.common_errors.iter().cloned());
    if lines.is_empty() {
        text.push_str("  None are declared.\n");
    }
    let width = lines.iter().map(|line| line.code.len()).max().unwrap_or(0);
    for line in &lines {
        let reason = match line.reason.as_str() {
            "" => String::new(),
            reason => format!("{} ", paint(CYAN, reason)),
        };
        let _ = writeln!(text, "  {:width$}  {reason}{}", line.code, line.when);
    }
}
