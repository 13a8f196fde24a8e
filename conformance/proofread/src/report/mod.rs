//! Reports of a run: terminal, HTML, JUnit XML, SARIF, annotations of GitHub, JSON and a
//! stream of events.
//!
//! [`view_builder`] converts the result of the engine once into a [`View`]; the renderers
//! only lay it out.

mod annotation;
mod context;
mod coverage;
pub mod events;
mod format;
pub mod github;
mod group;
pub mod html;
pub mod junit;
pub mod labels;
pub mod reproduce_command;
pub mod sarif;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod view;
pub mod view_builder;

pub use context::ReportContext;
pub use coverage::{CoverageByMethod, rule_coverage};
pub use format::{Format, Output};
pub use reproduce_command::{CertificateArgument, CommandTemplate, HeaderArgument, quoted};
pub use view::View;

use std::fmt::Write;

use crate::style::count;

/// The first 40 bytes in hexadecimal, and the number of bytes if there are more.
pub fn hexadecimal(bytes: &[u8]) -> String {
    const MAX_BYTES: usize = 40;
    let mut text = String::new();
    for (index, byte) in bytes.iter().take(MAX_BYTES).enumerate() {
        // A gRPC frame begins with five bytes: a flag and the length.
        if index == 5 {
            text.push(' ');
        }
        let _ = write!(text, "{byte:02x}");
    }
    match bytes.len() {
        0 => "no bytes".to_owned(),
        length if length > MAX_BYTES => format!("{text}… ({length} bytes)"),
        _ => text,
    }
}

/// What was sent, expected and answered, and how to reproduce it, as lines without styles.
fn plain_text(group: &view::Group) -> String {
    let mut lines = Vec::new();
    if !group.sent.is_empty() {
        lines.push(format!("sent:      {}", group.sent));
    }
    lines.push(format!("contract:  {}", group.expected));
    lines.extend(
        group
            .source_locations
            .iter()
            .map(|location| format!("           {location}")),
    );
    lines.push(format!("answer:    {}", group.observed));
    if !group.reproduce.is_empty() {
        lines.push(format!("reproduce: {}", group.reproduce));
    }
    if group.count > 1 {
        let others = count(group.count - 1, "similar failure");
        lines.push(format!("and {others}"));
    }
    lines.join("\n")
}
