//! The JSON format of a line: the same text as `tracing-subscriber` writes, at a fraction
//! of the CPU time. Each gRPC call writes one line, which would otherwise be the most
//! expensive part of a cheap call.

use std::{
    cell::{Cell, RefCell},
    fmt::{self, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// Writes events as flat JSON objects: `timestamp`, `level`, the fields, `target`.
pub(super) struct JsonFormat {
    /// The format of the library, for rare events: those in a span and those of the
    /// crate `log`.
    fallback: Format<Json>,
}

impl Default for JsonFormat {
    fn default() -> Self {
        Self {
            fallback: Format::default()
                .json()
                .flatten_event(true)
                .with_current_span(false),
        }
    }
}

impl<S, N> FormatEvent<S, N> for JsonFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        /// The target of all events that come from the crate `log`. Their real target is
        /// in their fields.
        const LOG_CRATE_TARGET: &str = "log";
        let metadata = event.metadata();
        let in_span = event.parent().is_some() || context.lookup_current().is_some();
        if in_span || metadata.target() == LOG_CRATE_TARGET {
            return self.fallback.format_event(context, writer, event);
        }
        let mut line = LINE.take();
        line.clear();
        let written = write_line(&mut line, event).and_then(|()| writer.write_str(&line));
        LINE.set(line);
        written
    }
}

thread_local! {
    /// A buffer of our own, because the library's is behind a `dyn Write` and each line
    /// needs dozens of writes. It is taken out of the cell while in use, because a value
    /// may log something while it is formatted.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of a log line is never part of a test"
)]
fn write_line(line: &mut String, event: &Event<'_>) -> fmt::Result {
    line.push_str("{\"timestamp\":\"");
    write_time(line, SystemTime::now());
    line.push_str("\",\"level\":\"");
    line.push_str(event.metadata().level().as_str());
    line.push('"');
    let mut fields = FieldWriter {
        line,
        result: Ok(()),
    };
    event.record(&mut fields);
    fields.result?;
    line.push_str(",\"target\":\"");
    escape(line, event.metadata().target());
    line.push_str("\"}\n");
    Ok(())
}

/// Appends a timestamp such as `2026-11-21T03:37:00.123456Z`. The text up to the seconds
/// is cached until the next second.
fn write_time(line: &mut String, now: SystemTime) {
    thread_local! {
        static CACHED_SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    CACHED_SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.as_secs() {
            let time = i64::try_from(now.as_secs()).ok();
            let time = time.and_then(|second| Timestamp::from_second(second).ok());
            let time = time.unwrap_or(Timestamp::MAX);
            *text = time.strftime("%Y-%m-%dT%H:%M:%S.").to_string();
            *second = now.as_secs();
        }
        line.push_str(text);
    });
    let mut divisor = 100_000;
    while divisor > 0 {
        let digit = now.subsec_micros() / divisor % 10;
        line.push(char::from(b'0' + digit as u8));
        divisor /= 10;
    }
    line.push('Z');
}

/// Appends the fields of an event as `,"name":value`.
struct FieldWriter<'a> {
    line: &'a mut String,
    /// The first formatting error, if any.
    result: fmt::Result,
}

impl FieldWriter<'_> {
    fn name(&mut self, field: &Field) {
        self.line.push_str(",\"");
        escape(self.line, field.name());
        self.line.push_str("\":");
    }

    fn number(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        self.result = self.result.and(self.line.write_fmt(value));
    }
}

impl Visit for FieldWriter<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            // Debug keeps the decimal point of whole numbers: 1.0.
            self.number(field, format_args!("{value:?}"));
        } else {
            // JSON has no infinity and no NaN.
            self.number(field, format_args!("null"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, format_args!("{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.line.push('"');
        escape(self.line, value);
        self.line.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        self.line.push('"');
        let written = write!(EscapingWriter(self.line), "{value:?}");
        self.line.push('"');
        self.result = self.result.and(written);
    }
}

/// Appends text to a JSON string, with escapes.
struct EscapingWriter<'a>(&'a mut String);

impl Write for EscapingWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

fn escape(line: &mut String, text: &str) {
    let needs_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Checks every byte without an early exit, so that the compiler can vectorize it.
    let clean = text
        .bytes()
        .fold(true, |clean, byte| clean & !needs_escape(byte));
    if clean {
        return line.push_str(text);
    }
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\x08' => line.push_str("\\b"),
            '\x0c' => line.push_str("\\f"),
            '\0'..='\x1f' => line.push_str(&format!("\\u{:04x}", u32::from(character))),
            plain => line.push(plain),
        }
    }
}

#[cfg(test)]
#[path = "json_format_tests.rs"]
mod tests;
