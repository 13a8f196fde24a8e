use std::sync::Mutex;

use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_sdk::error::OTelSdkError;

use super::*;

static SIGNAL: Signal = Signal {
    data: "things",
    endpoint: "OTEL_EXPORTER_OTLP_THINGS_ENDPOINT",
    exporter: "OTEL_THINGS_EXPORTER",
    lost: "things_lost_total",
};

fn failure() -> OTelSdkResult {
    Err(OTelSdkError::InternalFailure("unavailable".to_owned()))
}

#[test]
fn what_does_not_fit_into_the_queue_and_what_is_not_accepted_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let rendered = recorder.handle();
    let lost = || {
        rendered
            .render()
            .replace("# TYPE things_lost_total counter\n", "")
    };
    metrics::with_local_recorder(&recorder, || {
        let delivery = Delivery::new(&SIGNAL, "http://127.0.0.1:4317".to_owned(), 2);
        assert_eq!([(); 3].map(|()| delivery.admit()), [true, true, false]);
        assert_eq!(lost().trim(), "things_lost_total 1");
        delivery.report_items(failure(), 2);
        assert_eq!(lost().trim(), "things_lost_total 3");
        assert!(delivery.admit(), "what was sent has left its place");
    });
}

/// Collects the messages of the log.
#[derive(Clone, Default)]
struct Messages(Arc<Mutex<String>>);

impl std::io::Write for Messages {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.lock().expect("nobody panics").push_str(&text);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn failures_are_logged_once_until_an_export_succeeds() {
    let messages = Messages::default();
    let writer = messages.clone();
    let log = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(log, || {
        let delivery = Delivery::new(&SIGNAL, "http://127.0.0.1:4317".to_owned(), 2);
        for result in [failure(), failure(), Ok(()), Ok(()), failure()] {
            delivery.report(result, 1);
        }
    });
    let text = messages.0.lock().expect("nobody panics").clone();
    let count = |message| text.matches(message).count();
    assert_eq!(count("the collector does not accept things"), 2, "{text}");
    assert_eq!(count("OTEL_THINGS_EXPORTER=none"), 2, "{text}");
    assert_eq!(count("the collector accepts things again"), 1, "{text}");
}
