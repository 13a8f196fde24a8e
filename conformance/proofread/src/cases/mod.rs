//! Test cases for a method, derived from the contract alone.
//!
//! [`derive`] generates the cases that are the same in every run: the smallest valid
//! request, each field left unset, each rule kept and broken. [`random`] generates
//! random cases without end, and [`shrink`] reduces a failing case. The expected answer
//! always comes from the oracle's evaluation of the message that is sent, never from the
//! intent of the case.

mod baseline;
mod boundary;
mod derive;
mod fixtures;
mod generated;
mod message_location;
mod message_rules;
mod multiple_violations;
mod random;
mod shrink;
#[cfg(test)]
mod tests;
mod unset;

use crate::{
    case::Case,
    contract::{Contract, Method},
    oracle::Oracle,
};

pub use derive::Deriver;
pub use fixtures::Fixtures;
pub use generated::{CoverageGap, GeneratedCases, GeneratorDefect};
pub(crate) use message_location::reachable;
pub(crate) use message_rules::{ONEOF_RULE, REQUIRED_RULE};
pub use random::RandomCases;
pub(crate) use random::make_field_invalid;
pub use shrink::shrink;

/// The cases of a method that are the same in every run. For several methods of one
/// contract, a [`Deriver`] saves time.
pub fn derive(contract: &Contract, method: &Method, fixtures: &Fixtures) -> GeneratedCases {
    Deriver::new(contract, &Oracle::new(contract), fixtures).derive(method)
}

/// Random cases of a method. The same seed gives the same cases. The iterator ends only
/// if no request can be evaluated.
pub fn random<'c>(
    contract: &'c Contract,
    method: &'c Method,
    fixtures: &'c Fixtures,
    seed: u64,
) -> impl Iterator<Item = Case> + Send + 'c {
    RandomCases::new(contract, &Oracle::new(contract), method, fixtures, seed)
}
