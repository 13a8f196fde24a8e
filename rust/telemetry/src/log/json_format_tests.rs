use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct CapturedOutput(Arc<Mutex<Vec<u8>>>);

impl io::Write for CapturedOutput {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for CapturedOutput {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl CapturedOutput {
    /// The only line, without its timestamp.
    fn line(&self) -> String {
        let text = String::from_utf8(self.0.lock().expect("nobody panics").clone());
        let text = text.expect("UTF-8");
        let (head, rest) = text.split_at(r#"{"timestamp":""#.len());
        let (time, rest) = rest.split_at("2026-11-21T03:37:00.123456Z".len());
        time.parse::<Timestamp>().expect("a time");
        format!("{head}{rest}")
    }
}

/// The line in our format and in the format of the library.
fn format_with_both(log: impl Fn()) -> (String, String) {
    let (ours, theirs) = (CapturedOutput::default(), CapturedOutput::default());
    let json = || {
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
    };
    let subscriber = json()
        .with_writer(ours.clone())
        .event_format(JsonFormat::default());
    tracing::subscriber::with_default(subscriber.finish(), &log);
    let subscriber = json().with_writer(theirs.clone());
    tracing::subscriber::with_default(subscriber.finish(), &log);
    (ours.line(), theirs.line())
}

#[test]
fn event_is_formatted_as_by_the_library() {
    let (ours, theirs) = format_with_both(|| {
        tracing::warn!(
            target: "rpc",
            method = "/a.B/C",
            latency_ms = 0.083,
            whole = 1.0,
            infinite = f64::INFINITY,
            peer = Some(tracing::field::display("127.0.0.1:5")),
            none = None::<u8>,
            signed = -7,
            large = u128::MAX,
            yes = true,
            debug = ?Some("a \"b\""),
            "call"
        );
    });
    assert_eq!(ours, theirs);
    let value: Value = serde_json::from_str(&ours).expect("JSON");
    assert_eq!(value["level"], "WARN");
    assert_eq!(value["peer"], "127.0.0.1:5");
}

#[test]
fn value_may_log_while_it_is_formatted() {
    struct LogsInDebug;
    impl fmt::Debug for LogsInDebug {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!("inner");
            formatter.write_str("shown")
        }
    }
    let output = CapturedOutput::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(output.clone());
    let subscriber = subscriber.event_format(JsonFormat::default()).finish();
    tracing::subscriber::with_default(subscriber, || tracing::info!(value = ?LogsInDebug, "outer"));
    let text = output.0.lock().expect("nobody panics").clone();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let value: Value = serde_json::from_slice(line).expect("JSON");
        assert_eq!(value.get("value").is_some(), value["message"] == "outer");
    }
}

#[test]
fn event_in_a_span_contains_the_span() {
    let (ours, theirs) = format_with_both(|| {
        let span = tracing::info_span!("import", file = "a.csv");
        span.in_scope(|| tracing::info!(row = 7, "read"));
    });
    assert_eq!(ours, theirs);
    assert!(ours.contains("a.csv"), "{ours}");
}

proptest! {
    #[test]
    fn any_text_round_trips(text: String, control in "[\0-\x1f\"\\\\\x7f]*") {
        let text = text + &control;
        let (ours, theirs) = format_with_both(|| tracing::info!(text, debug = ?text, "{text}"));
        prop_assert_eq!(&ours, &theirs);
        let value: Value = serde_json::from_str(&ours).expect("JSON");
        prop_assert_eq!(&value["text"], &text);
    }

    #[test]
    fn any_number_round_trips(float: f64, signed: i64, unsigned: u64) {
        let (ours, _) = format_with_both(|| tracing::info!(float, signed, unsigned));
        let value: Value = serde_json::from_str(&ours).expect("JSON");
        prop_assert_eq!(value["signed"].as_i64(), Some(signed));
        prop_assert_eq!(value["unsigned"].as_u64(), Some(unsigned));
        // Parsed by the standard library, because serde_json may round floats.
        let text = ours.split_once("\"float\":").and_then(|(_, rest)| rest.split_once(','));
        let (text, _) = text.expect("the field is there");
        prop_assert_eq!(text.parse().ok(), Some(float).filter(|float| float.is_finite()));
    }

    #[test]
    fn timestamp_has_microsecond_precision(micros in 0..4_102_444_800_000_000_u64) {
        let mut text = String::new();
        write_time(&mut text, UNIX_EPOCH + Duration::from_micros(micros));
        let read: Timestamp = text.parse().expect("a time");
        prop_assert_eq!(u64::try_from(read.as_microsecond()), Ok(micros));
        prop_assert_eq!(text.len(), 27);
    }
}
