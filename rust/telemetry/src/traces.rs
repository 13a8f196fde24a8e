//! Exports the spans of OpenTelemetry by OTLP over gRPC.
//!
//! The environment variables of the specification have effect: `OTEL_TRACES_SAMPLER` and its
//! `_ARG`, `OTEL_BSP_*` for the queue, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`,
//! `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION`, and each of these for traces only.
//! Without them every trace is sampled, unless its caller does not sample it.

mod reported_exporter;

use std::{env, time::Duration};

use opentelemetry::{KeyValue, global::BoxedTracer, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::SdkTracerProvider,
};

use self::reported_exporter::ReportedExporter;

const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// How long the last spans may take to be sent when the process ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Where spans are sent, and what they say of this process.
#[derive(Debug, Clone)]
pub struct TraceOptions {
    /// The address of the collector, `http://HOST:4317` or `https://HOST:4317`. With `None`
    /// nothing is exported, unless `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` has an address, which
    /// takes precedence.
    pub endpoint: Option<String>,
    /// The attribute `service.name`, unless the environment has another name.
    pub service_name: String,
    /// The attribute `service.version`.
    pub version: &'static str,
    /// The attribute `service.instance.id`, which no other process has.
    pub instance_id: String,
}

/// The error of [`Traces::start`].
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The address of the collector is not one.
    // The value is not shown because it may contain a password.
    #[error("the address of the collector is not valid: write http://HOST:4317, without a user")]
    Endpoint,
    /// Another setting is not valid.
    #[error("the settings of the export of traces are not valid: {0}")]
    Settings(#[from] ExporterBuildError),
}

/// The export of spans. They are queued, at most 2048 of them unless `OTEL_BSP_MAX_QUEUE_SIZE`
/// says otherwise, and sent by a thread; while the collector does not accept them they are lost,
/// which is logged once and counted by `otlp_spans_lost_total`. No call waits for it.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts the export; `None` if it is off, which it also is with `OTEL_SDK_DISABLED=true` or
    /// `OTEL_TRACES_EXPORTER=none`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`TraceError`] if a setting is not valid.
    pub fn start(options: TraceOptions) -> Result<Option<Self>, TraceError> {
        let endpoint = variable(TRACES_ENDPOINT).or(options.endpoint.clone());
        let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else {
            return Ok(None);
        };
        let is = |name, value| variable(name).is_some_and(|set| set.eq_ignore_ascii_case(value));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        if !is_address(&endpoint) {
            return Err(TraceError::Endpoint);
        }
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&endpoint)
            .build()?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(ReportedExporter::new(exporter, &endpoint))
            .with_resource(resource(options))
            .build();
        Ok(Some(Self(provider)))
    }

    /// What records the spans.
    pub fn tracer(&self) -> BoxedTracer {
        BoxedTracer::new(Box::new(self.0.tracer("bindery")))
    }

    /// Sends the spans that are queued, for at most two seconds. It blocks its thread.
    pub fn shut_down(self) {
        if let Err(error) = self.0.shutdown_with_timeout(SHUTDOWN_TIMEOUT) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_address(endpoint: &str) -> bool {
    let authority = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| endpoint.strip_prefix(scheme));
    authority
        .is_some_and(|authority| !authority.is_empty() && !authority.contains(['@', '?', '#', ' ']))
}

fn resource(options: TraceOptions) -> Resource {
    let resource = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes([
            KeyValue::new("service.name", options.service_name),
            KeyValue::new("service.namespace", "bindery"),
            KeyValue::new("service.version", options.version),
            KeyValue::new("service.instance.id", options.instance_id),
        ])
        // It overrides the attributes above.
        .with_detector(Box::new(EnvResourceDetector::new()));
    match variable("OTEL_SERVICE_NAME") {
        Some(name) => resource.with_service_name(name),
        None => resource,
    }
    .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_of_a_collector_has_a_scheme_and_no_credentials() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:4317", true),
            ("https://collector.example:4317", true),
            ("127.0.0.1:4317", false),
            ("grpc://127.0.0.1:4317", false),
            ("http://", false),
            ("http://user:password@collector.example", false),
        ] {
            assert_eq!(is_address(endpoint), expected, "{endpoint}");
        }
    }
}
