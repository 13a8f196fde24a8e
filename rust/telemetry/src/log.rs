//! The log: one event a line, to standard error.

mod json_format;
mod write_queue;

use std::{
    io::{self, IsTerminal, Stderr},
    panic,
    sync::{Arc, OnceLock},
};

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt, prelude::*};

use self::write_queue::{MakeQueueWriter, WriteQueue};

/// The variables that name what is logged, the first one set wins.
const FILTER_VARIABLES: [&str; 2] = ["BINDERY_LOG", "RUST_LOG"];
const DEFAULT_FILTER: &str = "info";

/// How the log looks and what is in it.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged, in the language of `tracing`'s filters: `info,rpc=debug`.
    /// Unset: `BINDERY_LOG`, then `RUST_LOG`, then `info`.
    pub filter: Option<String>,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people, in colour on a terminal.
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

/// Why the log can't be written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter is not one.
    #[error("the log filter {filter:?} is not one: {cause}")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        cause: ParseError,
    },
    /// There is a log already.
    #[error("the log is set up already")]
    AlreadyInitialized,
    /// The system has no thread left.
    #[error("cannot start the thread that writes the log: {0}")]
    Thread(#[from] io::Error),
}

/// The lines that wait to be written, once there can be any.
static QUEUE: OnceLock<Arc<WriteQueue<Stderr>>> = OnceLock::new();

/// The log of the process, until this is dropped: then all lines are written, and
/// later ones one by one as they come. To be held to the end of the program.
#[derive(Debug)]
#[must_use = "what is logged at the end is lost if nobody holds the log"]
pub struct LogGuard(());

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(queue) = QUEUE.get() {
            queue.close();
        }
    }
}

/// Writes all lines that wait. Before [`std::process::exit`], which drops nothing.
pub fn flush_log() {
    if let Some(queue) = QUEUE.get() {
        queue.flush();
    }
}

/// Sets up the log of the process, once. Panics are logged from here on, with their
/// place, in place of the text that the standard library prints.
///
/// JSON lines are gathered for up to 20 ms and written together by a thread, but for
/// errors, which are written at once. No line is dropped: who logs more than can be
/// written waits.
pub fn init_log(options: LogOptions) -> Result<LogGuard, InitError> {
    let filter = parse_filter(options.filter)?;
    let terminal = io::stderr().is_terminal();
    let json = match options.format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Pretty => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer();
    let initialized = match json {
        true => {
            let queue = WriteQueue::start(io::stderr())?;
            QUEUE
                .set(Arc::clone(&queue))
                .map_err(|_| InitError::AlreadyInitialized)?;
            let layer = layer
                .json()
                .event_format(json_format::JsonFormat::default());
            registry
                .with(layer.with_writer(MakeQueueWriter(queue)))
                .try_init()
        }
        false => registry
            .with(layer.compact().with_ansi(terminal).with_writer(io::stderr))
            .try_init(),
    };
    initialized.map_err(|_| InitError::AlreadyInitialized)?;
    panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        tracing::error!(
            panic = panic.payload_as_str().unwrap_or("not a text"),
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
    fn a_wrong_filter_is_named() {
        let error = parse_filter(Some("info,rpc=loud".to_owned())).expect_err("no such level");
        assert!(error.to_string().contains("\"info,rpc=loud\""), "{error}");
    }

    #[test]
    fn a_given_filter_wins() {
        let filter = parse_filter(Some("warn,rpc=debug".to_owned())).expect("a filter");
        let mut parts: Vec<_> = filter.to_string().split(',').map(str::to_owned).collect();
        parts.sort();
        assert_eq!(parts, ["rpc=debug", "warn"]);
    }

    #[test]
    fn formats_are_read_by_name() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert!("JSON".parse::<LogFormat>().is_err());
    }
}
