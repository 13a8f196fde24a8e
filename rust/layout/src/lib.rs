//! Tests that all service crates have the same layout and only the allowed dependencies, so
//! that whoever knows one service knows all.
//!
//! Every crate of the workspace with a module `grpc` is a service, so a new one is checked
//! without being listed. The rules are checked on the tokens of the files, and on their text
//! where it is about SQL.

#![forbid(unsafe_code)]

#[cfg(test)]
mod module_graph;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod service_crate;
#[cfg(test)]
mod source_text;
