//! Holds gRPC servers, in any language, to their contracts: which rules hold, what
//! an unset field means, which errors a method may return.
//!
//! What a contract says:
//! - [`load`] finds one: an image, a folder, a server's reflection; [`contract`] reads
//!   it into services, methods, messages and fields.
//! - [`words`] puts rules into short plain English, [`unset`] decides for each request
//!   field what it means to leave it unset; [`explain`], [`mod@reference`] and
//!   [`mod@diff`] show it.
//!
//! What is sent, and what must come back:
//! - [`cases`] and [`wire`] make cases, by the [`oracle`] and the [`profile`] of a
//!   server's stack; [`coverage`] knows which rules they exercise.
//! - [`probe`] sends them, [`judge`] compares, [`behaviour`] tries what takes several
//!   calls, and [`engine`] runs all of it.
//!
//! What people see: [`cli`], [`config`], [`report`], [`failures`] and [`replay`].

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
pub mod oracle;
pub mod outcome;
pub mod probe;
pub mod profile;
pub mod reference;
pub mod replay;
pub mod report;
pub mod source_location;
pub mod style;
pub mod suggest;
pub mod unset;
pub mod wire;
pub mod words;

#[cfg(test)]
mod testing;
