//! Bounds the queue of a signal, counts what is lost, and logs when the collector does not accept
//! something and when it does again: once each, and not for every batch.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{Span, SpanData, SpanExporter, SpanProcessor},
};

/// One of the kinds of data that OTLP has.
#[derive(Debug)]
pub(super) struct Signal {
    /// What it consists of, for the log.
    pub(super) data: &'static str,
    /// The environment variable with its endpoint.
    pub(super) endpoint: &'static str,
    /// The environment variable that switches it off.
    pub(super) exporter: &'static str,
    /// The metric that counts what was lost.
    pub(super) lost: &'static str,
}

impl Signal {
    pub(super) fn count_lost(&self, lost: u64) {
        metrics::counter!(self.lost).increment(lost);
    }
}

/// What the queue of a signal and its exporter share.
#[derive(Debug)]
pub(super) struct Delivery {
    signal: &'static Signal,
    endpoint: String,
    failing: AtomicBool,
    /// How many items are queued or being sent.
    pending: AtomicUsize,
    max_pending: usize,
}

impl Delivery {
    pub(super) fn new(signal: &'static Signal, endpoint: String, max_pending: usize) -> Self {
        Self {
            signal,
            endpoint,
            failing: AtomicBool::new(false),
            pending: AtomicUsize::new(0),
            max_pending,
        }
    }

    /// Whether there is room for another item; if there is not, it is lost. The queue of the
    /// library has as much room, but does not tell what it drops.
    fn admit(&self) -> bool {
        let admitted = self.pending.fetch_add(1, Ordering::Relaxed) < self.max_pending;
        if !admitted {
            self.pending.fetch_sub(1, Ordering::Relaxed);
            self.signal.count_lost(1);
        }
        admitted
    }

    /// Reports the end of an export. `lost` is what a failure loses.
    fn report(&self, result: Result<(), impl Display>, lost: u64) {
        let (data, endpoint) = (self.signal.data, self.endpoint.as_str());
        match result {
            Ok(()) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(endpoint, "the collector accepts {data} again");
                }
            }
            Err(error) => {
                self.signal.count_lost(lost);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        endpoint,
                        %error,
                        "the collector does not accept {data}: they are lost until it does; \
                         {}=none switches their export off",
                        self.signal.exporter,
                    );
                }
            }
        }
    }

    fn report_items(&self, result: OTelSdkResult, items: usize) {
        self.pending.fetch_sub(items, Ordering::Relaxed);
        self.report(result, items as u64);
    }
}

/// The exporter around `E`. Its exports never fail, because the SDK would log each failure.
#[derive(Debug)]
pub(super) struct ReportedExporter<E> {
    inner: E,
    delivery: Arc<Delivery>,
}

impl<E> ReportedExporter<E> {
    pub(super) fn new(inner: E, delivery: &Arc<Delivery>) -> Self {
        let delivery = Arc::clone(delivery);
        Self { inner, delivery }
    }
}

impl<E: SpanExporter> SpanExporter for ReportedExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.inner.export(batch).await;
        self.delivery.report_items(result, spans);
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for ReportedExporter<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let records = batch.iter().count();
        let result = self.inner.export(batch).await;
        self.delivery.report_items(result, records);
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for ReportedExporter<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.inner.export(metrics).await;
        self.delivery.report(result, 1);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// The processor around `P`, which sends in batches what it gets.
#[derive(Debug)]
pub(super) struct BoundedProcessor<P> {
    inner: P,
    delivery: Arc<Delivery>,
}

impl<P> BoundedProcessor<P> {
    pub(super) fn new(inner: P, delivery: &Arc<Delivery>) -> Self {
        let delivery = Arc::clone(delivery);
        Self { inner, delivery }
    }
}

impl<P: SpanProcessor> SpanProcessor for BoundedProcessor<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.delivery.admit() {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<P: LogProcessor> LogProcessor for BoundedProcessor<P> {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.delivery.admit() {
            self.inner.emit(record, scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
