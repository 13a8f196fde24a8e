//! The log, the Prometheus metrics and the shutdown signal of a process. Only binaries
//! need this crate; libraries use `tracing` and `metrics` directly.
//!
//! Traces are not exported yet. The crate `rpc` passes the W3C trace context on to nested
//! calls and writes its trace id to the log.

mod log;
mod metrics;
mod shutdown;

pub use self::metrics::{InstallError, Metrics};
pub use log::{InitError, LogFormat, LogGuard, LogOptions, flush_log, init_log};
pub use shutdown::shutdown_signal;
