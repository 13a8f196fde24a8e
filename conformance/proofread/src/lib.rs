//! Reads a gRPC contract (an image with `buf.validate` rules and the options of
//! `proofread.v1`) and says what is in it: which rules hold, what an unset field
//! means, which errors a method may return.
//!
//! - [`contract`] loads an image into services, methods, messages and fields.
//! - [`words`] puts rules into short plain English.
//! - [`unset`] decides for each request field what it means to leave it unset.
//! - [`mod@reference`] writes all of it as Markdown.

pub mod case;
pub mod cli;
pub mod config;
pub mod contract;
pub mod explain;
pub mod finding;
pub mod load;
pub mod judge;
pub mod oracle;
pub mod outcome;
pub mod place;
pub mod probe;
pub mod profile;
pub mod reference;
pub mod style;
pub mod suggest;
pub mod unset;
pub mod wire;
pub mod words;

#[cfg(test)]
mod testing;
