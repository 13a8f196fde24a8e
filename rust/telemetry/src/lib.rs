//! What a process shows of itself and hears from outside: the log, the metrics and
//! the signal to stop. For binaries; libraries use `tracing` and `metrics` alone.
//!
//! Traces are not exported yet. The W3C trace context is carried from call to call,
//! and its trace id is in the log lines.

mod log;
mod metrics;
mod shutdown;

pub use self::metrics::{InstallError, Metrics};
pub use log::{InitError, LogFormat, LogGuard, LogOptions, flush_log, init_log};
pub use shutdown::shutdown_signal;
