//! Tests gRPC servers, in any language, against their contracts: validation rules, the
//! meaning of unset fields, and the errors that a method may return.
//!
//! Reading contracts:
//! - [`load`] obtains a contract from an image, a folder or server reflection;
//!   [`contract`] holds its services, methods, messages and fields.
//! - [`rule_text`] describes rules in English, [`unset`] determines what an unset request
//!   field means; [`explain`], [`mod@reference`] and [`mod@diff`] present the results.
//!
//! Testing a server:
//! - [`cases`] and [`wire`] generate cases; the [`oracle`] computes the expected
//!   violations, and a [`profile`] describes the gRPC implementation of the server.
//! - [`probe`] sends a case and [`judge`] compares the answer with the expected one;
//!   [`behaviour`] tests properties that need several calls, and [`sequences`] what one call
//!   creates for later ones; [`engine`] runs all phases.
//! - [`serve`] is a server for any contract, correct or with a deviation.
//! - [`coverage`] counts which rules the cases tested from both sides.
//!
//! Commands and reports: [`cli`], [`config`], [`report`], [`failures`] and [`replay`].

pub mod behaviour;
pub mod case;
pub mod cases;
pub mod cli;
pub mod config;
pub mod contract;
pub mod coverage;
pub mod diff;
pub mod engine;
pub mod explain;
pub mod failures;
pub mod finding;
mod generator;
pub mod judge;
pub mod load;
pub mod openapi;
pub mod oracle;
pub mod outcome;
pub mod probe;
pub mod profile;
pub mod reference;
pub mod replay;
pub mod report;
pub mod rule_text;
pub mod sequences;
pub mod serve;
pub mod source_location;
pub mod style;
pub mod suggest;
pub mod unset;
pub mod wire;

#[cfg(test)]
#[path = "testing/editions.rs"]
mod editions;
#[cfg(test)]
#[path = "testing/large_image.rs"]
mod large_image;
#[cfg(test)]
mod testing;
