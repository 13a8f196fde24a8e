//! GitHub-flavoured Markdown: escaping, tables, and the anchors of headings.

use std::{collections::BTreeMap, fmt::Write};

/// A part of a text: a code span, or the text between code spans.
enum Span<'a> {
    Code(&'a str),
    Plain(&'a str),
}

/// Splits text into code spans and plain text. A run of backticks that is never closed
/// is plain text.
fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let open = at + found;
        let fence = text[open..]
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count();
        let inside = open + fence;
        match closing(&text[inside..], fence) {
            Some(length) => {
                spans.push(Span::Plain(&text[plain_from..open]));
                let end = inside + length + fence;
                spans.push(Span::Code(&text[open..end]));
                plain_from = end;
                at = end;
            }
            None => at = inside,
        }
    }
    spans.push(Span::Plain(&text[plain_from..]));
    spans
}

/// The position of the first run of exactly `fence` backticks.
fn closing(text: &str, fence: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..]
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count();
        if run == fence {
            return Some(start);
        }
        at = start + run;
    }
    None
}

/// Escapes a comment or an option so that text that looks like HTML is shown as text.
/// Code spans and emphasis are kept, since authors use them.
pub(super) fn escape_prose(text: &str) -> String {
    let escaped = spans(text).into_iter().map(|span| match span {
        Span::Code(code) => code.to_owned(),
        Span::Plain(plain) => plain.replace('<', "&lt;"),
    });
    escaped.collect()
}

/// Converts Markdown to the content of a table cell: on one line, with escaped pipes.
/// A pipe in a code span can't be escaped reliably (a backslash before it is
/// ambiguous), so such code spans are written as HTML.
fn cell(markdown: &str) -> String {
    let paragraphs: Vec<String> = markdown
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let on_one_line = paragraphs.join("<br><br>");
    let escaped = spans(&on_one_line).into_iter().map(|span| match span {
        Span::Code(code) if code.contains('|') => html_code(code),
        Span::Code(code) => code.to_owned(),
        Span::Plain(plain) => plain.replace('|', "\\|"),
    });
    escaped.collect()
}

fn html_code(span: &str) -> String {
    let content = span.trim_matches('`');
    let mut html = String::from("<code>");
    for character in content.chars() {
        if character.is_alphanumeric() || character == ' ' {
            html.push(character);
        } else {
            // A numeric reference, since Markdown or HTML may interpret the character.
            let _ = write!(html, "&#{};", u32::from(character));
        }
    }
    html.push_str("</code>");
    html
}

/// A Markdown table.
pub(super) struct Table {
    text: String,
    rows: usize,
}

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        let rule = vec!["---"; columns.len()];
        let text = format!("| {} |\n| {} |\n", columns.join(" | "), rule.join(" | "));
        Self { text, rows: 0 }
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        self.rows += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// The heading anchors of a page, as GitHub generates them. The second heading with the
/// same text gets the suffix `-1`, the third `-2`.
#[derive(Debug, Default)]
pub(super) struct Anchors(BTreeMap<String, usize>);

impl Anchors {
    /// The anchor of the next heading on the page.
    pub(super) fn of(&mut self, heading: &str) -> String {
        let slug: String = heading
            .to_lowercase()
            .chars()
            .filter(|character| character.is_alphanumeric() || " -_".contains(*character))
            .map(|character| if character == ' ' { '-' } else { character })
            .collect();
        let mut anchor = slug.clone();
        while self.0.contains_key(&anchor) {
            let seen = self.0.entry(slug.clone()).or_default();
            *seen += 1;
            anchor = format!("{slug}-{seen}");
        }
        self.0.insert(anchor.clone(), 0);
        anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_in_cells_are_escaped() {
        let cases = [
            ("a|b", "a\\|b"),
            ("`a|b`", "<code>a&#124;b</code>"),
            ("`a\\|b`", "<code>a&#92;&#124;b</code>"),
            ("`` ` `` and `x`", "`` ` `` and `x`"),
            ("an open ` and a | pipe", "an open ` and a \\| pipe"),
            ("two\nlines", "two lines"),
            ("two\n\nparagraphs", "two<br><br>paragraphs"),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text), expected, "{text}");
        }
    }

    #[test]
    fn html_is_escaped_except_in_code() {
        assert_eq!(
            escape_prose("a List<T> `List<T>`"),
            "a List&lt;T> `List<T>`"
        );
    }

    #[test]
    fn anchors_match_github() {
        let mut anchors = Anchors::default();
        let headings = [
            "InventoryService.GetBook",
            "What it is",
            "what it is!",
            "A_b-c",
            "What it is",
        ];
        let found = headings.map(|heading| anchors.of(heading));
        assert_eq!(
            found,
            [
                "inventoryservicegetbook",
                "what-it-is",
                "what-it-is-1",
                "a_b-c",
                "what-it-is-2"
            ]
        );
    }
}
