//! Gives the events of the log to the export by OTLP, if there is one.
//!
//! A record has the trace and the span of the OpenTelemetry context in which it was written, and
//! the fields of its event. The events of the libraries that send it are left out: each export
//! would make others necessary.

use std::sync::OnceLock;

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{Layer, layer, registry::LookupSpan};

/// The crates by which records are sent.
const SENDING_CRATES: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
    "rustls",
    "tonic",
    "tower",
];

static BRIDGE: OnceLock<OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>> = OnceLock::new();

/// Exports the events of the process from now on. Only the first call has an effect.
pub(crate) fn export_to(provider: &SdkLoggerProvider) {
    // A second exporter would split the log.
    let _ = BRIDGE.set(OpenTelemetryTracingBridge::new(provider));
}

/// The layer, which is installed before it is known whether anything is exported.
pub(super) struct OtlpLayer;

impl<S> Layer<S> for OtlpLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: layer::Context<'_, S>) {
        if let Some(bridge) = BRIDGE.get()
            && !is_of_sender(event)
        {
            bridge.on_event(event, context);
        }
    }
}

fn is_of_sender(event: &Event<'_>) -> bool {
    // Events of the crate `log` have their real target in their fields.
    let normalized = event.normalized_metadata();
    let target = normalized.as_ref().unwrap_or(event.metadata()).target();
    let name = target.split("::").next().unwrap_or(target);
    SENDING_CRATES.contains(&name)
}

#[cfg(test)]
#[path = "otlp_layer_tests.rs"]
mod tests;
