//! Exports spans, metrics and the log by OTLP over gRPC.
//!
//! The environment variables of the specification have effect: `OTEL_TRACES_SAMPLER` and its
//! `_ARG`, `OTEL_BSP_*` and `OTEL_BLRP_*` for the queues, `OTEL_METRIC_EXPORT_INTERVAL`,
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`, `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`,
//! `_COMPRESSION`, and each of these for one signal only. Without them every trace is sampled,
//! unless its caller does not sample it.

mod delivery;

use std::{
    env,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use opentelemetry::{
    KeyValue,
    global::BoxedTracer,
    metrics::{Meter, MeterProvider},
    trace::TracerProvider,
};
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{self, BatchLogProcessor, SdkLoggerProvider},
    metrics::{PeriodicReader, SdkMeterProvider},
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{self, BatchSpanProcessor, SdkTracerProvider},
};

use self::delivery::{BoundedProcessor, Delivery, ReportedExporter, Signal};

/// How long the last data may take to be sent when the process ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// How many spans or log records wait to be sent, unless the environment has another number. The
/// default of the specification.
const MAX_QUEUE_SIZE: usize = 2048;

/// The name of the instrumentation scope.
const SCOPE: &str = "bindery";

static TRACES: Signal = Signal {
    data: "spans",
    endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    exporter: "OTEL_TRACES_EXPORTER",
    lost: "otlp_spans_lost_total",
};
static METRICS: Signal = Signal {
    data: "metrics",
    endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    exporter: "OTEL_METRICS_EXPORTER",
    lost: "otlp_metric_exports_failed_total",
};
static LOGS: Signal = Signal {
    data: "log records",
    endpoint: "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    exporter: "OTEL_LOGS_EXPORTER",
    lost: "otlp_log_records_lost_total",
};

/// Where data is sent, and what it says of this process.
#[derive(Debug, Clone)]
pub struct OtlpOptions {
    /// The address of the collector, `http://HOST:4317` or `https://HOST:4317`. With `None`
    /// nothing is exported, unless `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `_METRICS_ENDPOINT` or
    /// `_LOGS_ENDPOINT` has an address, which takes precedence for its signal.
    pub endpoint: Option<String>,
    /// The attribute `service.name`, unless the environment has another name.
    pub service_name: String,
    /// The attribute `service.version`.
    pub version: &'static str,
    /// The attribute `service.instance.id`, which no other process has.
    pub instance_id: String,
}

/// The error of [`Otlp::start`].
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The address of the collector is not one.
    // The value is not shown because it may contain a password.
    #[error("the address of the collector is not valid: write http://HOST:4317, without a user")]
    Endpoint,
    /// Another setting is not valid.
    #[error("the settings of the export by OTLP are not valid: {0}")]
    Settings(#[from] ExporterBuildError),
}

/// The export of spans, metrics and log records; each of them may be off.
///
/// Spans and log records are queued, at most 2048 of each unless `OTEL_BSP_MAX_QUEUE_SIZE` and
/// `OTEL_BLRP_MAX_QUEUE_SIZE` say otherwise, and sent by threads. What does not fit into the
/// queue or is not accepted by the collector is lost, which `otlp_spans_lost_total` and
/// `otlp_log_records_lost_total` count. Metrics are sent every minute, unless
/// `OTEL_METRIC_EXPORT_INTERVAL` has other milliseconds. That the collector does not accept
/// something is logged once for each kind of data. No call waits for any of it.
#[derive(Debug, Default)]
pub struct Otlp {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
}

impl Otlp {
    /// Starts the export, and that of the log of the process. Without an address, with
    /// `OTEL_SDK_DISABLED=true` or with `OTEL_TRACES_EXPORTER=none` and the like, it does
    /// nothing. Must be called within a tokio runtime, before
    /// [`Metrics::install`](crate::Metrics::install).
    ///
    /// # Errors
    /// [`OtlpError`] if a setting is not valid.
    pub fn start(options: OtlpOptions) -> Result<Self, OtlpError> {
        let address = |signal| address(signal, options.endpoint.as_deref());
        let (traces, metrics, logs) = (address(&TRACES)?, address(&METRICS)?, address(&LOGS)?);
        let resource = resource(options);
        let otlp = Self {
            traces: traces.map(|to| traces_to(to, &resource)).transpose()?,
            metrics: metrics.map(|to| metrics_to(to, &resource)).transpose()?,
            logs: logs.map(|to| logs_to(to, &resource)).transpose()?,
        };
        if let Some(logs) = &otlp.logs {
            crate::log::export_to(logs);
        }
        Ok(otlp)
    }

    /// What records the spans; `None` if they are not exported.
    pub fn tracer(&self) -> Option<BoxedTracer> {
        let provider = self.traces.as_ref()?;
        Some(BoxedTracer::new(Box::new(provider.tracer(SCOPE))))
    }

    /// Whether spans are exported.
    pub(crate) fn exports_traces(&self) -> bool {
        self.traces.is_some()
    }

    /// What records the metrics; `None` if they are not exported.
    pub(crate) fn meter(&self) -> Option<Meter> {
        Some(self.metrics.as_ref()?.meter(SCOPE))
    }

    /// Makes the counters of lost data exist before something is lost.
    pub(crate) fn register_loss_counters(&self) {
        let signals = [
            self.traces.as_ref().map(|_| &TRACES),
            self.metrics.as_ref().map(|_| &METRICS),
            self.logs.as_ref().map(|_| &LOGS),
        ];
        for signal in signals.into_iter().flatten() {
            signal.count_lost(0);
        }
    }

    /// Sends the spans and log records that are queued, and the metrics as they are, for at most
    /// two seconds. It blocks its thread.
    pub fn shut_down(self) {
        let (done, ends) = mpsc::channel();
        if let Some(traces) = self.traces {
            spawn(&done, move || {
                traces.shutdown_with_timeout(SHUTDOWN_TIMEOUT)
            });
        }
        if let Some(metrics) = self.metrics {
            spawn(&done, move || {
                metrics.shutdown_with_timeout(SHUTDOWN_TIMEOUT)
            });
        }
        if let Some(logs) = self.logs {
            spawn(&done, move || logs.shutdown_with_timeout(SHUTDOWN_TIMEOUT));
        }
        drop(done);
        let deadline = Instant::now() + SHUTDOWN_TIMEOUT;
        loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            match ends.recv_timeout(remaining) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "the last data was not sent"),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    tracing::debug!("the last data was not sent in time");
                    return;
                }
            }
        }
    }
}

/// Shuts down one export on a thread of its own, which nobody joins: that of the metrics does not
/// keep to a time limit.
fn spawn(
    done: &mpsc::Sender<OTelSdkResult>,
    shut_down: impl FnOnce() -> OTelSdkResult + Send + 'static,
) {
    let done = done.clone();
    let started = thread::Builder::new().spawn(move || done.send(shut_down()));
    if let Err(error) = started {
        tracing::debug!(%error, "the last data was not sent");
    }
}

fn traces_to(endpoint: String, resource: &Resource) -> Result<SdkTracerProvider, OtlpError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&endpoint)
        .build()?;
    let queue_size = queue_size("OTEL_BSP_MAX_QUEUE_SIZE");
    let delivery = Arc::new(Delivery::new(&TRACES, endpoint, queue_size));
    let config = trace::BatchConfigBuilder::default().with_max_queue_size(queue_size);
    let batches = BatchSpanProcessor::builder(ReportedExporter::new(exporter, &delivery))
        .with_batch_config(config.build())
        .build();
    Ok(SdkTracerProvider::builder()
        .with_span_processor(BoundedProcessor::new(batches, &delivery))
        .with_resource(resource.clone())
        .build())
}

fn metrics_to(endpoint: String, resource: &Resource) -> Result<SdkMeterProvider, OtlpError> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(&endpoint)
        .build()?;
    let delivery = Arc::new(Delivery::new(&METRICS, endpoint, 0));
    let reader = PeriodicReader::builder(ReportedExporter::new(exporter, &delivery)).build();
    Ok(SdkMeterProvider::builder()
        .with_reader(reader)
        .with_resource(resource.clone())
        .build())
}

fn logs_to(endpoint: String, resource: &Resource) -> Result<SdkLoggerProvider, OtlpError> {
    let exporter = LogExporter::builder()
        .with_tonic()
        .with_endpoint(&endpoint)
        .build()?;
    let queue_size = queue_size("OTEL_BLRP_MAX_QUEUE_SIZE");
    let delivery = Arc::new(Delivery::new(&LOGS, endpoint, queue_size));
    let config = logs::BatchConfigBuilder::default().with_max_queue_size(queue_size);
    let batches = BatchLogProcessor::builder(ReportedExporter::new(exporter, &delivery))
        .with_batch_config(config.build())
        .build();
    Ok(SdkLoggerProvider::builder()
        .with_log_processor(BoundedProcessor::new(batches, &delivery))
        .with_resource(resource.clone())
        .build())
}

/// Where a signal is sent; `None` if it is not.
fn address(signal: &Signal, endpoint: Option<&str>) -> Result<Option<String>, OtlpError> {
    let is = |name, value| variable(name).is_some_and(|set| set.eq_ignore_ascii_case(value));
    if is("OTEL_SDK_DISABLED", "true") || is(signal.exporter, "none") {
        return Ok(None);
    }
    let endpoint = variable(signal.endpoint).or_else(|| endpoint.map(str::to_owned));
    match endpoint.filter(|endpoint| !endpoint.is_empty()) {
        Some(endpoint) if !is_address(&endpoint) => Err(OtlpError::Endpoint),
        endpoint => Ok(endpoint),
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn queue_size(name: &str) -> usize {
    let size = variable(name).and_then(|size| size.parse().ok());
    size.filter(|size| *size > 0).unwrap_or(MAX_QUEUE_SIZE)
}

fn is_address(endpoint: &str) -> bool {
    let authority = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| endpoint.strip_prefix(scheme));
    authority
        .is_some_and(|authority| !authority.is_empty() && !authority.contains(['@', '?', '#', ' ']))
}

fn resource(options: OtlpOptions) -> Resource {
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
