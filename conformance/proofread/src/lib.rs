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
pub mod contract;
pub mod finding;
pub mod outcome;
pub mod reference;
pub mod unset;
pub mod words;

#[cfg(test)]
mod testing;
