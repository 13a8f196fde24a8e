//! What was found, for people and for programs.
//!
//! [`view`] is what every report shows; it is made once of what the engine answers,
//! and the renderers only lay it out.

mod coverage;
mod format;
mod group;
pub mod html;
pub mod junit;
pub mod reproduce_command;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod view;
pub mod view_builder;

pub use coverage::{Covered, covered};
pub use format::{Format, Output};
pub use reproduce_command::{CommandTemplate, HeaderArgument, quoted};
pub use view::View;

use std::fmt::Write;

/// The first bytes in hexadecimal, and how many there are.
pub fn hexadecimal(bytes: &[u8]) -> String {
    const SHOWN: usize = 40;
    let mut text = String::new();
    for (index, byte) in bytes.iter().take(SHOWN).enumerate() {
        // The five bytes of gRPC stand apart.
        if index == 5 {
            text.push(' ');
        }
        let _ = write!(text, "{byte:02x}");
    }
    match bytes.len() {
        0 => "no bytes".to_owned(),
        length if length > SHOWN => format!("{text}… ({length} bytes)"),
        _ => text,
    }
}
