use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::logs::InMemoryLogExporter;
use tracing_subscriber::prelude::*;

use super::*;

#[test]
fn record_has_the_trace_in_which_it_was_written_and_sending_crates_have_none() {
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(OtlpLayer), || {
        tracing::info!("before the start");
        export_to(&provider);
        tracing::info!(target: "h2::client", "a frame");
        tracing::info!(target: "hyper_util::client::pool", "a connection");
        let (trace, span) = (TraceId::from(11), SpanId::from(7));
        let context = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
        let _running = Context::new().with_remote_span_context(context).attach();
        tracing::warn!(target: "rpc", code = "OK", "call");
    });
    let records = exporter.get_emitted_logs().expect("it is in memory");
    let [record] = records.as_slice() else {
        panic!("{records:?} is not one record");
    };
    let record = &record.record;
    assert_eq!(record.target().map(AsRef::as_ref), Some("rpc"));
    assert_eq!(record.severity_text(), Some("WARN"));
    let trace = record.trace_context().expect("a trace");
    assert_eq!(trace.trace_id, TraceId::from(11));
    assert_eq!(trace.span_id, SpanId::from(7));
    let fields: Vec<_> = record.attributes_iter().collect();
    assert_eq!(fields.len(), 1, "{fields:?}");
}
