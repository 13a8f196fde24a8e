//! What a process shows of itself and hears from outside: the log, the metrics and
//! the signal to stop. For binaries; libraries use `tracing` and `metrics` alone.
//!
//! Traces are not exported yet. The W3C trace context is carried from call to call,
//! and its trace id is in the log lines.

mod log;
mod measurements;
mod shutdown;

pub use log::{Format, InitError, Log, Options, flush, init};
pub use measurements::{InstallError, Metrics};
pub use shutdown::shutdown_signal;
