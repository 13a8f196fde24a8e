//! Gives the metrics of the crate `metrics` to an OpenTelemetry meter.
//!
//! Counters and gauges are atomics that the meter reads when it exports, so that a call pays for
//! them no more than for those of Prometheus, and a gauge that several threads change has its
//! last value.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_util::{registry::Registry, registry::Storage};
use opentelemetry::{KeyValue, metrics::Meter};

/// The recorder. A metric is exported from its first value on.
pub(super) struct OtlpRecorder {
    meter: Meter,
    series: Arc<Registry<Key, SeriesStorage>>,
    descriptions: Arc<Descriptions>,
    /// The names of the counters and gauges that the meter knows.
    observed: Mutex<HashSet<KeyName>>,
}

#[derive(Default)]
struct Descriptions(RwLock<HashMap<KeyName, (Option<Unit>, SharedString)>>);

impl Descriptions {
    /// Unit and text; both are empty for a metric that is not described.
    fn get(&self, name: &str) -> (&'static str, SharedString) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(name) {
            Some((unit, text)) => (unit.map_or("", unit_code), text.clone()),
            None => Default::default(),
        }
    }
}

/// The code of a unit in UCUM, which OpenTelemetry uses.
fn unit_code(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        Unit::Bytes => "By",
        Unit::Microseconds => "us",
        unit => unit.as_canonical_label(),
    }
}

impl OtlpRecorder {
    /// `bounds` returns the bounds of the buckets of a histogram by its name.
    pub(super) fn new(meter: Meter, bounds: fn(&str) -> Option<&'static [f64]>) -> Self {
        let descriptions = Arc::<Descriptions>::default();
        let storage = SeriesStorage {
            meter: meter.clone(),
            descriptions: Arc::clone(&descriptions),
            bounds,
        };
        Self {
            meter,
            series: Arc::new(Registry::new(storage)),
            descriptions,
            observed: Mutex::default(),
        }
    }

    fn describe(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        let known = &self.descriptions.0;
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, (unit, text));
    }

    /// Runs `observe` for a name that it was not run for yet. Not within the registry, which the
    /// meter reads while it holds a lock that `observe` needs.
    fn observe_once(&self, key: &Key, observe: impl FnOnce(KeyName)) {
        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        if observed.insert(key.name_shared()) {
            observe(key.name_shared());
        }
    }

    fn observe_counter(&self, name: KeyName) {
        let (unit, text) = self.descriptions.get(name.as_str());
        let series = Arc::clone(&self.series);
        self.meter
            .u64_observable_counter(name.as_str().to_owned())
            .with_unit(unit)
            .with_description(text.into_owned())
            .with_callback(move |observer| {
                series.visit_counters(|key, value| {
                    if key.name() == name.as_str() {
                        observer.observe(value.load(Ordering::Acquire), &attributes(key));
                    }
                });
            })
            .build();
    }

    fn observe_gauge(&self, name: KeyName) {
        let (unit, text) = self.descriptions.get(name.as_str());
        let series = Arc::clone(&self.series);
        self.meter
            .f64_observable_gauge(name.as_str().to_owned())
            .with_unit(unit)
            .with_description(text.into_owned())
            .with_callback(move |observer| {
                series.visit_gauges(|key, value| {
                    if key.name() == name.as_str() {
                        let value = f64::from_bits(value.load(Ordering::Acquire));
                        observer.observe(value, &attributes(key));
                    }
                });
            })
            .build();
    }
}

fn attributes(key: &Key) -> Vec<KeyValue> {
    key.labels()
        .map(|label| KeyValue::new(label.key().to_owned(), label.value().to_owned()))
        .collect()
}

impl Recorder for OtlpRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(name, unit, text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if let Some(known) = self.series.get_counter(key) {
            return known.into();
        }
        self.observe_once(key, |name| self.observe_counter(name));
        let create = |counter: &Arc<AtomicU64>| Arc::clone(counter).into();
        self.series.get_or_create_counter(key, create)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        if let Some(known) = self.series.get_gauge(key) {
            return known.into();
        }
        self.observe_once(key, |name| self.observe_gauge(name));
        let create = |gauge: &Arc<AtomicU64>| Arc::clone(gauge).into();
        self.series.get_or_create_gauge(key, create)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let create = |histogram: &Arc<OtlpHistogram>| Arc::clone(histogram).into();
        self.series.get_or_create_histogram(key, create)
    }
}

/// Creates the values of a series.
struct SeriesStorage {
    meter: Meter,
    descriptions: Arc<Descriptions>,
    bounds: fn(&str) -> Option<&'static [f64]>,
}

impl Storage<Key> for SeriesStorage {
    type Counter = Arc<AtomicU64>;
    type Gauge = Arc<AtomicU64>;
    type Histogram = Arc<OtlpHistogram>;

    fn counter(&self, _: &Key) -> Self::Counter {
        Arc::default()
    }

    fn gauge(&self, _: &Key) -> Self::Gauge {
        Arc::default()
    }

    fn histogram(&self, key: &Key) -> Self::Histogram {
        let (unit, text) = self.descriptions.get(key.name());
        let histogram = self
            .meter
            .f64_histogram(key.name().to_owned())
            .with_unit(unit)
            .with_description(text.into_owned());
        let histogram = match (self.bounds)(key.name()) {
            Some(bounds) => histogram.with_boundaries(bounds.to_vec()),
            None => histogram,
        };
        Arc::new(OtlpHistogram {
            histogram: histogram.build(),
            attributes: attributes(key),
        })
    }
}

struct OtlpHistogram {
    histogram: opentelemetry::metrics::Histogram<f64>,
    attributes: Vec<KeyValue>,
}

impl HistogramFn for OtlpHistogram {
    fn record(&self, value: f64) {
        self.histogram.record(value, &self.attributes);
    }
}

#[cfg(test)]
#[path = "otlp_recorder_tests.rs"]
mod tests;
