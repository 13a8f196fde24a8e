//! The OpenTelemetry span of a delivery, by the semantic conventions for messaging.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanBuilder, SpanKind},
};
use opentelemetry_semantic_conventions::attribute::{
    MESSAGING_DESTINATION_NAME, MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};
use rpc::{TraceContext, spans};
use store::outbox::Message;

/// Starts the span of an attempt; `None` if spans are not recorded. Its parent is the span that
/// enqueued the message, so that one trace shows what a request has caused. It is linked to that
/// span, too: this is what the conventions demand, and by which tools know a message.
pub(super) fn start(topic: &'static str, message: &Message) -> Option<Context> {
    let traceparent = message.traceparent.as_deref();
    let enqueued = traceparent.and_then(|value| TraceContext::parse(value.as_bytes()));
    spans::start_after(enqueued, || {
        SpanBuilder::from_name(format!("process {topic}"))
            .with_kind(SpanKind::Consumer)
            .with_attributes([
                KeyValue::new(MESSAGING_SYSTEM, "bindery_outbox"),
                KeyValue::new(MESSAGING_OPERATION_NAME, "deliver"),
                KeyValue::new(MESSAGING_OPERATION_TYPE, "process"),
                KeyValue::new(MESSAGING_DESTINATION_NAME, topic),
                KeyValue::new(MESSAGING_MESSAGE_ID, message.sequence.to_string()),
                KeyValue::new("messaging.bindery_outbox.attempt", message.attempt),
            ])
            .with_links(
                enqueued
                    .map(|trace| Link::with_context(trace.into()))
                    .into_iter()
                    .collect(),
            )
    })
}
