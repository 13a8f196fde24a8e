//! The real process, from its command line to its exit code. Each test has a folder and
//! ports of its own, and leaves nothing behind.

mod apart;
mod errors;
mod healthcheck;
mod house;
mod import;
mod metrics;
mod start;
mod stop;
mod survival;
mod trouble;
