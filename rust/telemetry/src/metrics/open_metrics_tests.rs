use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};

use super::*;
use crate::metrics::exemplars::ExemplarRecorder;

const TRACE_ID: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const BOUNDS: [f64; 2] = [0.5, 1.0];

fn bounds(name: &str) -> Option<&'static [f64]> {
    name.ends_with("_seconds").then_some(&BOUNDS)
}

fn in_trace(flags: TraceFlags) -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(TRACE_ID),
        SpanId::from(7),
        flags,
        true,
        TraceState::NONE,
    ))
}

/// The page after `record` with its exemplars.
fn page(record: impl FnOnce()) -> String {
    let prometheus = PrometheusBuilder::new()
        .set_buckets(&BOUNDS)
        .expect("there are bounds")
        .build_recorder();
    let rendered = prometheus.handle();
    let exemplars = Arc::<Exemplars>::default();
    let recorder = ExemplarRecorder::new(prometheus, &exemplars, bounds);
    metrics::with_local_recorder(&recorder, record);
    from_prometheus(&rendered.render(), &exemplars)
}

#[test]
fn families_of_counters_have_no_suffix_and_the_page_has_an_end() {
    let page = page(|| {
        metrics::describe_counter!("calls_total", "Calls that are \"done\".");
        metrics::counter!("calls_total", "method" => "a\"b\\c").increment(2);
    });
    let expected = r#"# TYPE calls counter
# HELP calls Calls that are \"done\".
calls_total{method="a\"b\\c"} 2
# EOF
"#;
    assert_eq!(page, expected);
}

#[test]
fn gauge_is_not_changed_and_counter_without_suffix_has_no_type() {
    let gauge = page(|| metrics::gauge!("outbox_total").set(1.5));
    assert_eq!(
        gauge,
        "# TYPE outbox_total gauge\noutbox_total 1.5\n# EOF\n"
    );
    let counter = page(|| metrics::counter!("calls").increment(1));
    assert_eq!(counter, "# TYPE calls unknown\ncalls 1\n# EOF\n");
}

#[test]
fn bucket_of_a_sampled_call_has_its_trace_as_exemplar() {
    let page = page(|| {
        let seconds = metrics::histogram!("call_seconds", "method" => "a,le=\"b\"");
        seconds.record(0.25);
        let _sampled = in_trace(TraceFlags::SAMPLED).attach();
        seconds.record(0.75);
        seconds.record(1.0);
    });
    let label = r#"method="a,le=\"b\"""#;
    let lines: Vec<_> = page.lines().collect();
    assert_eq!(lines[0], "# TYPE call_seconds histogram");
    assert_eq!(
        lines[1],
        format!("call_seconds_bucket{{{label},le=\"0.5\"}} 1")
    );
    // The last value of the bucket, whose bound belongs to it.
    let (bucket, exemplar) = lines[2].split_once(" # ").expect("an exemplar");
    assert_eq!(
        bucket,
        format!("call_seconds_bucket{{{label},le=\"1.0\"}} 3")
    );
    let (labels, time) = exemplar.rsplit_once(' ').expect("a time");
    assert_eq!(labels, format!("{{trace_id=\"{TRACE_ID:032x}\"}} 1.0"));
    assert!(time.parse::<f64>().expect("seconds") > 1.7e9, "{time}");
    assert_eq!(
        lines[3],
        format!("call_seconds_bucket{{{label},le=\"+Inf\"}} 3")
    );
    let rest = [
        format!("call_seconds_sum{{{label}}} 2"),
        format!("call_seconds_count{{{label}}} 3"),
        "# EOF".to_owned(),
    ];
    assert_eq!(lines[4..], rest);
}

#[test]
fn calls_that_are_not_sampled_leave_no_exemplar() {
    let page = page(|| {
        let _not_sampled = in_trace(TraceFlags::NOT_SAMPLED).attach();
        metrics::histogram!("call_seconds").record(2.0);
    });
    assert!(
        page.contains("call_seconds_bucket{le=\"+Inf\"} 1\n"),
        "{page}"
    );
    assert!(!page.contains("trace_id"), "{page}");
}
