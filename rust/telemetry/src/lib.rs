//! The log, the Prometheus metrics, the export of traces and the shutdown signal of a process.
//! Only binaries need this crate; libraries use `tracing`, `metrics` and `opentelemetry`
//! directly.

mod log;
mod metrics;
mod shutdown;
mod traces;

pub use self::metrics::{InstallError, Metrics};
pub use log::{InitError, LogFormat, LogGuard, LogOptions, flush_log, init_log};
pub use shutdown::shutdown_signal;
pub use traces::{TraceError, TraceOptions, Traces};
