//! The real process, from its command line to its exit code. Each test has a folder and
//! ports of its own, and leaves nothing behind.

mod deployments;
mod durability;
mod errors;
mod healthcheck;
mod import;
mod metrics;
mod shutdown;
mod startup;
mod startup_errors;
mod test_process;
