//! Who watches the watchman: a server that keeps its contract, the same server
//! with one fault at a time, and a table that says which phase of proofread must
//! catch each.
//!
//! - `proto/rules/v1` is a contract that uses, rule by rule, the standard rules of
//!   protovalidate.
//! - [`server`] serves it, and a part of the bookstore's, correctly.
//! - [`faults`] are what can be put in front of it.
//! - [`kill`] lets proofread at all of them.

pub mod call;
pub mod cli;
#[cfg(test)]
mod client;
#[cfg(test)]
mod corpus;
pub mod faults;
pub mod image;
pub mod kill;
mod pardon;
mod records;
pub mod refusal;
pub mod rules;
mod runtime;
pub mod server;
mod values;
