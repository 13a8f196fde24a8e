//! The log: one line per event, to standard error, and by OTLP if it is exported.

mod json_format;
mod otlp_layer;
mod write_queue;

use std::{
    io::{self, IsTerminal},
    panic,
    sync::{Arc, OnceLock},
};

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt, prelude::*};

pub(crate) use self::otlp_layer::export_to;
use self::{
    json_format::JsonFormat,
    otlp_layer::OtlpLayer,
    write_queue::{MakeQueueWriter, WriteQueue},
};

/// The environment variables with the log filter. The first one that is set is used.
const FILTER_VARIABLES: [&str; 2] = ["BINDERY_LOG", "RUST_LOG"];
const DEFAULT_FILTER: &str = "info";

/// Format and filter of the log.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The format of the lines.
    pub format: LogFormat,
    /// A filter in the syntax of `tracing_subscriber::EnvFilter`, such as
    /// `info,rpc=debug`. If unset: `BINDERY_LOG`, then `RUST_LOG`, then `info`.
    pub filter: Option<String>,
}

/// The format of the log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `Pretty` if standard error is a terminal, otherwise `Json`.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// Human-readable text, in colour on a terminal.
    Pretty,
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            other => Err(format!("{other:?} is none of auto, json, pretty")),
        }
    }
}

/// The error of [`init_log`].
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter has invalid syntax.
    #[error("invalid log filter {filter:?}: {cause}")]
    Filter {
        /// The filter that was given.
        filter: String,
        /// The error of the parser.
        cause: ParseError,
    },
    /// The process already has a log.
    #[error("the log is already initialized")]
    AlreadyInitialized,
    /// The operating system cannot create another thread.
    #[error("cannot start the thread that writes the log: {0}")]
    Thread(#[from] io::Error),
}

static QUEUE: OnceLock<Arc<WriteQueue>> = OnceLock::new();

/// Flushes the log when it is dropped. Keep it until the end of the program.
#[derive(Debug)]
#[must_use = "lines that are logged after the guard is dropped may be lost"]
pub struct LogGuard(());

impl Drop for LogGuard {
    fn drop(&mut self) {
        flush_log();
    }
}

/// Waits until all lines are written, for at most a second: nobody may be reading them.
/// Needed before [`std::process::exit`], which does not drop the [`LogGuard`].
pub fn flush_log() {
    if let Some(queue) = QUEUE.get() {
        queue.flush();
    }
}

/// Initializes the log of the process; works once. From then on panics are logged with
/// their location, instead of the text that the standard library prints.
///
/// Lines are collected for up to 20 ms and written together by a thread. Logging never
/// waits: when lines come faster than they are read, they are dropped and counted by
/// `bindery_log_lines_dropped_total`, and a warning follows as soon as the log is read again.
pub fn init_log(options: LogOptions) -> Result<LogGuard, InitError> {
    let filter = parse_filter(options.filter)?;
    let terminal = io::stderr().is_terminal();
    let json = match options.format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Pretty => false,
    };
    let registry = tracing_subscriber::registry().with(filter).with(OtlpLayer);
    let queue = WriteQueue::start(io::stderr())?;
    QUEUE
        .set(Arc::clone(&queue))
        .map_err(|_| InitError::AlreadyInitialized)?;
    let layer = fmt::layer().with_writer(MakeQueueWriter(queue));
    let initialized = if json {
        let layer = layer.json().event_format(JsonFormat::default());
        registry.with(layer).try_init()
    } else {
        let layer = layer.compact().with_ansi(terminal);
        registry.with(layer).try_init()
    };
    initialized.map_err(|_| InitError::AlreadyInitialized)?;
    panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        tracing::error!(
            panic = panic.payload_as_str().unwrap_or("not a string"),
            location = panic.location().map(tracing::field::display),
            thread = thread.name(),
            "panicked"
        );
    }));
    Ok(LogGuard(()))
}

fn parse_filter(given: Option<String>) -> Result<EnvFilter, InitError> {
    let from_environment = || {
        let mut values = FILTER_VARIABLES
            .iter()
            .filter_map(|name| std::env::var(name).ok());
        values.find(|value| !value.is_empty())
    };
    let filter = given
        .or_else(from_environment)
        .unwrap_or_else(|| DEFAULT_FILTER.to_owned());
    EnvFilter::builder()
        .parse(&filter)
        .map_err(|cause| InitError::Filter { filter, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_filter_is_quoted_in_the_error() {
        let error = parse_filter(Some("info,rpc=loud".to_owned())).expect_err("no such level");
        assert!(error.to_string().contains("\"info,rpc=loud\""), "{error}");
    }

    #[test]
    fn explicit_filter_takes_precedence() {
        let filter = parse_filter(Some("warn,rpc=debug".to_owned())).expect("a filter");
        let mut parts: Vec<_> = filter.to_string().split(',').map(str::to_owned).collect();
        parts.sort();
        assert_eq!(parts, ["rpc=debug", "warn"]);
    }

    #[test]
    fn formats_are_parsed_by_name() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert!("JSON".parse::<LogFormat>().is_err());
    }
}
