//! What to send to a method, and what must come back: derived from the contract
//! alone.
//!
//! [`derive`] makes the cases that are the same in every run: the smallest valid
//! request, each field left unset, each rule from both sides. [`random`] goes on
//! without end, and [`shrink`] makes a failure small. In all of them the oracle
//! says what is due for the message as it is sent; what a case was meant to do
//! decides nothing.

mod baseline;
mod boundary;
mod derive;
mod fixtures;
mod generated;
mod place;
mod random;
mod several;
mod shrink;
#[cfg(test)]
mod tests;
mod unset;
mod whole;

use crate::{
    case::Case,
    contract::{Contract, Method},
    oracle::Oracle,
};

pub use derive::Deriver;
pub use fixtures::Fixtures;
pub use generated::{Defect, Generated, Uncovered};
pub(crate) use place::reachable;
pub use random::Random;
pub use shrink::shrink;
pub(crate) use whole::{DRAWN, REQUIRED};

/// The cases of a method that are the same in every run. Who derives for several
/// methods of a contract saves time with a [`Deriver`].
pub fn derive(contract: &Contract, method: &Method, fixtures: &Fixtures) -> Generated {
    Deriver::new(contract, &Oracle::new(contract), fixtures).derive(method)
}

/// Random cases of a method, without end; the same seed gives the same ones. Ends
/// only where no request can be judged.
pub fn random<'c>(
    contract: &'c Contract,
    method: &'c Method,
    fixtures: &'c Fixtures,
    seed: u64,
) -> impl Iterator<Item = Case> + Send + 'c {
    Random::new(contract, &Oracle::new(contract), method, fixtures, seed)
}
