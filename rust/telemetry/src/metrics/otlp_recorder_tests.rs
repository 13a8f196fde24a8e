use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, Metric, MetricData},
};

use super::*;

const BOUNDS: [f64; 2] = [0.5, 1.0];

/// What is exported after `record`.
fn exported(record: impl FnOnce()) -> Vec<(String, String, String)> {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(exporter.clone()).build())
        .build();
    let bounds = |name: &str| name.ends_with("_seconds").then_some(&BOUNDS[..]);
    let recorder = OtlpRecorder::new(provider.meter("test"), bounds);
    metrics::with_local_recorder(&recorder, record);
    provider.force_flush().expect("it is in memory");
    let all = exporter.get_finished_metrics().expect("it is in memory");
    let all = all.iter().flat_map(|metrics| metrics.scope_metrics());
    let all = all.flat_map(|scope| scope.metrics());
    let mut all: Vec<_> = all
        .map(|metric| {
            let name = metric.name().to_owned();
            let about = format!("{} [{}]", metric.description(), metric.unit());
            (name, about, points(metric))
        })
        .collect();
    all.sort();
    all
}

/// The points of a metric as text.
fn points(metric: &Metric) -> String {
    let text = |attributes: &mut dyn Iterator<Item = &KeyValue>| {
        let attributes = attributes.map(|it| format!("{}={}", it.key, it.value));
        attributes.collect::<Vec<_>>().join(" ")
    };
    let mut points: Vec<_> = match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
            .data_points()
            .map(|point| format!("{}:{}", text(&mut point.attributes()), point.value()))
            .collect(),
        AggregatedMetrics::F64(MetricData::Gauge(gauge)) => gauge
            .data_points()
            .map(|point| format!("{}:{}", text(&mut point.attributes()), point.value()))
            .collect(),
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .map(|point| {
                let bounds: Vec<_> = point.bounds().collect();
                let counts: Vec<_> = point.bucket_counts().collect();
                format!("{}:{bounds:?} {counts:?}", text(&mut point.attributes()))
            })
            .collect(),
        other => panic!("{other:?} is not expected"),
    };
    points.sort();
    points.join(", ")
}

fn expected(name: &str, about: &str, points: &str) -> (String, String, String) {
    (name.to_owned(), about.to_owned(), points.to_owned())
}

#[test]
fn counters_gauges_and_histograms_are_exported_with_unit_and_description() {
    let exported = exported(|| {
        metrics::describe_counter!("sent_bytes_total", Unit::Bytes, "Bytes that were sent.");
        metrics::describe_histogram!("call_seconds", Unit::Seconds, "How long a call takes.");
        for (port, bytes) in [("shop", 2), ("gRPC", 3), ("shop", 5)] {
            metrics::counter!("sent_bytes_total", "port" => port).increment(bytes);
        }
        let open = metrics::gauge!("connections");
        open.increment(3.0);
        open.decrement(1.0);
        for seconds in [0.5, 0.75, 2.0, 3.0] {
            metrics::histogram!("call_seconds", "method" => "GetBook").record(seconds);
        }
    });
    assert_eq!(
        exported,
        [
            expected(
                "call_seconds",
                "How long a call takes. [s]",
                "method=GetBook:[0.5, 1.0] [1, 1, 2]"
            ),
            expected("connections", " []", ":2"),
            expected(
                "sent_bytes_total",
                "Bytes that were sent. [By]",
                "port=gRPC:3, port=shop:7"
            ),
        ]
    );
}

#[test]
fn gauge_that_several_threads_change_has_its_last_value() {
    let exported = exported(|| {
        let calls = metrics::gauge!("calls");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        calls.increment(1.0);
                        calls.decrement(1.0);
                    }
                });
            }
        });
    });
    assert_eq!(exported, [expected("calls", " []", ":0")]);
}
