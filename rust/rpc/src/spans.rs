//! Spans of OpenTelemetry. They are recorded only in a process that has installed a tracer;
//! without one, a call costs one check of it.
//!
//! The running span is in the [`Context`] of OpenTelemetry, which this crate sets while it polls a
//! handler and its response stream. So whatever the handler awaits has it as its parent; a task
//! that it spawns does not. No span has a field of a message, a status message or a credential.

pub(crate) mod grpc;

use std::sync::OnceLock;

use opentelemetry::{
    Context,
    global::BoxedTracer,
    trace::{SpanBuilder, TraceContextExt, Tracer},
};

use crate::TraceContext;

static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// Records spans with this tracer from now on. Only the first call of a process has an effect.
pub fn install(tracer: BoxedTracer) {
    // A second tracer would split the traces of the process.
    let _ = TRACER.set(tracer);
}

/// Whether spans are recorded.
pub fn enabled() -> bool {
    TRACER.get().is_some()
}

/// Starts a span whose parent is the running one, or a root span. `None` if spans are not
/// recorded; then `builder` is not called. The span ends by `context.span().end()`, or when the
/// context is dropped.
pub fn start(builder: impl FnOnce() -> SpanBuilder) -> Option<Context> {
    let tracer = TRACER.get()?;
    Some(start_in(tracer, &Context::current(), builder()))
}

/// Starts a span whose parent is in another process or has ended, or a root span if there is none.
pub fn start_after(
    parent: Option<TraceContext>,
    builder: impl FnOnce() -> SpanBuilder,
) -> Option<Context> {
    let tracer = TRACER.get()?;
    let context = match parent {
        Some(parent) => Context::new().with_remote_span_context(parent.into()),
        None => Context::new(),
    };
    Some(start_in(tracer, &context, builder()))
}

fn start_in(tracer: &BoxedTracer, parent: &Context, builder: SpanBuilder) -> Context {
    let span = tracer.build_with_context(builder, parent);
    parent.with_span(span)
}
