//! The log, the metrics, the export of both and of traces by OTLP, and the shutdown signal of a
//! process.
//! Only binaries need this crate; libraries use `tracing`, `metrics` and `opentelemetry`
//! directly.

mod log;
mod metrics;
mod otlp;
mod shutdown;

pub use self::metrics::{InstallError, Metrics};
pub use log::{InitError, LogFormat, LogGuard, LogOptions, flush_log, init_log};
pub use otlp::{Otlp, OtlpError, OtlpOptions};
pub use shutdown::shutdown_signal;
