//! Scores proofread by the conformance cases of protovalidate, which the library's own
//! harness contains: its oracle, the requests that it generates, and the oracle again on
//! these requests in comparison with another implementation.

mod command;
mod executor;
mod generated;
mod harness;
mod score;

pub use command::Score;
pub use executor::run as run_executor;
