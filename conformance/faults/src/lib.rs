//! Tests proofread by mutation testing: a server that conforms to its contract, the same
//! server with one fault at a time, and a table that shows which phase of proofread
//! detects each fault.
//!
//! - `proto/rules/v1` is a test contract that uses each standard rule of protovalidate.
//! - [`server`] implements it, and a part of the bookstore's contract, correctly.
//! - [`faults`] change the requests or responses of the correct server.
//! - [`running_server`] listens for one of them.
//! - [`kill_table`] runs proofread on all of them.

mod accept_anyway;
pub mod call;
pub mod cli;
#[cfg(test)]
mod client;
pub mod client_certificate;
#[cfg(test)]
mod corpus;
pub mod credentials;
mod error_status;
pub mod faults;
mod field_values;
pub mod image;
pub mod kill_table;
mod protovalidate;
pub mod refusal;
pub mod rules;
pub mod running_server;
mod runtime_validator;
pub mod server;
mod wire_fields;
