//! Exemplars: for each bucket of a histogram of durations the last value that was recorded within
//! a sampled span, with the id of its trace.
//!
//! The span is that of the current OpenTelemetry context. Without one, or if its trace is not
//! sampled, recording a value costs one look at the context.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_exporter_prometheus::formatting::{
    sanitize_label_key, sanitize_label_value, sanitize_metric_name,
};
use opentelemetry::{
    Context,
    trace::{TraceContextExt, TraceId},
};

/// The exemplars of all series.
#[derive(Default)]
pub(super) struct Exemplars(RwLock<HashMap<String, Arc<Series>>>);

impl Exemplars {
    fn series(&self, key: &Key, bounds: &'static [f64]) -> Arc<Series> {
        let prefix = bucket_prefix(key);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let series = all
            .entry(prefix)
            .or_insert_with(|| Arc::new(Series::new(bounds)));
        Arc::clone(series)
    }

    /// The exemplar of a bucket in the format of OpenMetrics, such as
    /// `{trace_id="0af7651916cd43dd8448eb211c80319c"} 0.0021 1764500000.123`. `prefix` is the text
    /// of a line with its value up to the label `le`, and `bound` is that label.
    pub(super) fn of_bucket(&self, prefix: &str, bound: f64) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let series = all.get(prefix)?;
        let bucket = &series.buckets[series.bucket(bound)];
        let exemplar = (*bucket.lock().unwrap_or_else(PoisonError::into_inner))?;
        let time = exemplar.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (trace_id, value) = (exemplar.trace_id, exemplar.value);
        Some(format!(
            "{{trace_id=\"{trace_id}\"}} {value:?} {}.{:03}",
            time.as_secs(),
            time.subsec_millis()
        ))
    }
}

/// How a line of Prometheus with a bucket of a series begins, up to the label `le`.
fn bucket_prefix(key: &Key) -> String {
    let mut prefix = sanitize_metric_name(key.name());
    prefix.push_str("_bucket{");
    for label in key.labels() {
        let (name, value) = (
            sanitize_label_key(label.key()),
            sanitize_label_value(label.value()),
        );
        // Writing to a string does not fail.
        let _ = write!(prefix, "{name}=\"{value}\",");
    }
    prefix
}

/// The exemplars of one series.
struct Series {
    bounds: &'static [f64],
    /// One more than bounds: the last is that of `+Inf`.
    buckets: Vec<Mutex<Option<Exemplar>>>,
}

#[derive(Clone, Copy)]
struct Exemplar {
    trace_id: TraceId,
    value: f64,
    time: SystemTime,
}

impl Series {
    fn new(bounds: &'static [f64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| Mutex::new(None)).collect();
        Self { bounds, buckets }
    }

    /// The index of the smallest bucket that contains `value`.
    fn bucket(&self, value: f64) -> usize {
        self.bounds.partition_point(|bound| *bound < value)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "Prometheus shows the time of an exemplar, and nothing depends on it"
    )]
    fn record(&self, value: f64, trace_id: TraceId) {
        // Whoever holds the lock records or reads an exemplar that is as good.
        if let Ok(mut exemplar) = self.buckets[self.bucket(value)].try_lock() {
            *exemplar = Some(Exemplar {
                trace_id,
                value,
                time: SystemTime::now(),
            });
        }
    }
}

/// The recorder around `R` that collects exemplars.
pub(super) struct ExemplarRecorder<R> {
    inner: R,
    exemplars: Arc<Exemplars>,
    /// The bounds of the buckets of the histograms that have exemplars, by their names.
    bounds: fn(&str) -> Option<&'static [f64]>,
}

impl<R> ExemplarRecorder<R> {
    pub(super) fn new(
        inner: R,
        exemplars: &Arc<Exemplars>,
        bounds: fn(&str) -> Option<&'static [f64]>,
    ) -> Self {
        let exemplars = Arc::clone(exemplars);
        Self {
            inner,
            exemplars,
            bounds,
        }
    }
}

impl<R: Recorder> Recorder for ExemplarRecorder<R> {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_counter(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_gauge(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_histogram(name, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.inner.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.inner.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let inner = self.inner.register_histogram(key, metadata);
        let Some(bounds) = (self.bounds)(key.name()) else {
            return inner;
        };
        let series = self.exemplars.series(key, bounds);
        Histogram::from_arc(Arc::new(HistogramWithExemplars { inner, series }))
    }
}

struct HistogramWithExemplars {
    inner: Histogram,
    series: Arc<Series>,
}

impl HistogramFn for HistogramWithExemplars {
    fn record(&self, value: f64) {
        self.inner.record(value);
        let trace_id = Context::map_current(|context| {
            let span = context.has_active_span().then(|| context.span())?;
            let span = span.span_context();
            span.is_sampled().then(|| span.trace_id())
        });
        if let Some(trace_id) = trace_id {
            self.series.record(value, trace_id);
        }
    }
}
