//! Who watches the watchman: a server that keeps its contract, the same server
//! with one fault at a time, and a table that says which phase of proofread must
//! catch each.
//!
//! - `proto/rules/v1` is a contract that uses, rule by rule, the standard rules of
//!   protovalidate.
//! - [`server`] serves it, and a part of the bookstore's, correctly.
//! - [`faults`] are what can be put in front of it.

pub mod call;
pub mod faults;
pub mod image;
mod pardon;
pub mod refusal;
pub mod rules;
mod runtime;
pub mod server;
mod values;
