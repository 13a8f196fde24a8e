//! What was found, for people and for programs.
//!
//! [`view`] is what every report shows; it is made once of what the engine answers,
//! and the renderers only lay it out.

mod format;
pub mod html;
pub mod junit;
pub mod reproduce;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod view;

pub use format::{Format, Output};
pub use reproduce::{Reproduce, Shown, quoted};
pub use view::View;
