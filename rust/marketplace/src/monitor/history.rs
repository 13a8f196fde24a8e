//! The samples of the last five minutes of each service.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;

use super::{
    background::Background,
    exposition::{Buckets, MethodTotals, Totals},
    quantile::quantile,
};

/// The number of points: five minutes with a sample every two seconds.
pub(super) const POINTS: usize = 150;
/// Each point is the average over this time, so that single calls do not make spikes.
const WINDOW: Duration = Duration::from_secs(10);

/// The rates of a service in the ten seconds before a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Point {
    /// Completed calls per second.
    pub requests_per_second: Option<f64>,
    /// The share of completed calls with a server error, from 0 to 1; `None` without calls.
    pub error_share: Option<f64>,
    /// The median latency in seconds.
    pub p50_seconds: Option<f64>,
    /// The 95th percentile of the latency in seconds.
    pub p95_seconds: Option<f64>,
    /// The 99th percentile of the latency in seconds.
    pub p99_seconds: Option<f64>,
}

/// A method in the ten seconds before the last sample, and its answers since its service started.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Method {
    pub name: String,
    /// Completed calls per second.
    pub requests_per_second: Option<f64>,
    /// The median latency in seconds.
    pub p50_seconds: Option<f64>,
    /// The 99th percentile of the latency in seconds.
    pub p99_seconds: Option<f64>,
    /// Completed calls since the start, by code.
    pub codes: BTreeMap<String, f64>,
}

/// The health and history of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// `None` if the health is unknown.
    pub serving: Option<bool>,
    /// Oldest first.
    pub points: VecDeque<Point>,
    /// The methods that were called.
    pub methods: Vec<Method>,
}

/// The history of all services.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The samples of the averaging window.
    recent: VecDeque<(Instant, BTreeMap<String, Totals>)>,
    pub services: BTreeMap<String, Series>,
    /// At the last sample.
    pub background: Background,
}

impl History {
    /// Adds a sample. Services that occur in neither `totals` nor `health` are removed.
    pub fn record(
        &mut self,
        now: Instant,
        totals: BTreeMap<String, Totals>,
        health: &[(String, bool)],
    ) {
        // The oldest remaining sample is the start of the window.
        while self.recent.len() > 1 && now.duration_since(self.recent[0].0) > WINDOW {
            self.recent.pop_front();
        }
        let names: BTreeSet<&String> = totals
            .keys()
            .chain(health.iter().map(|(name, _)| name))
            .filter(|name| !name.is_empty() && !name.starts_with("grpc."))
            .collect();
        self.services.retain(|name, _| names.contains(name));
        for name in names {
            let point = self.point(now, name, totals.get(name));
            let methods = self.methods(now, name, totals.get(name));
            let series = self.services.entry(name.clone()).or_default();
            let serving = health.iter().find(|(named, _)| named == name);
            series.serving = serving.map(|(_, serving)| *serving);
            series.methods = methods;
            series.points.push_back(point);
            if series.points.len() > POINTS {
                series.points.pop_front();
            }
        }
        self.recent.push_back((now, totals));
    }

    fn point(&self, now: Instant, name: &str, totals: Option<&Totals>) -> Point {
        let Some((began, before)) = self.recent.front() else {
            return Point::default();
        };
        let seconds = now.duration_since(*began).as_secs_f64();
        let (Some(totals), true) = (totals, seconds > 0.0) else {
            return Point::default();
        };
        // A service without a series has completed no calls.
        let nothing = Totals::default();
        let before = before.get(name).unwrap_or(&nothing);
        // A counter that decreased belongs to a process that was restarted.
        if totals.handled < before.handled {
            return Point::default();
        }
        let handled = totals.handled - before.handled;
        let failed = (totals.failed - before.failed).max(0.0);
        let buckets = difference(&totals.buckets, &before.buckets);
        Point {
            requests_per_second: Some(handled / seconds),
            error_share: (handled > 0.0).then(|| failed / handled),
            p50_seconds: quantile(&buckets, 0.5),
            p95_seconds: quantile(&buckets, 0.95),
            p99_seconds: quantile(&buckets, 0.99),
        }
    }
}

impl History {
    fn methods(&self, now: Instant, service: &str, totals: Option<&Totals>) -> Vec<Method> {
        let began = self.recent.front();
        let seconds = began.map(|(began, _)| now.duration_since(*began).as_secs_f64());
        let before = began.and_then(|(_, before)| before.get(service));
        let nothing = MethodTotals::default();
        let methods = totals.into_iter().flat_map(|totals| &totals.methods);
        let methods = methods.map(|(name, totals)| {
            let before = before.and_then(|before| before.methods.get(name));
            let before = before.unwrap_or(&nothing);
            let buckets = difference(&totals.buckets, &before.buckets);
            let handled = totals.codes.values().sum::<f64>() - before.codes.values().sum::<f64>();
            // A counter that decreased belongs to a process that was restarted.
            let rate = seconds.filter(|seconds| *seconds > 0.0 && handled >= 0.0);
            Method {
                name: name.clone(),
                requests_per_second: rate.map(|seconds| handled / seconds),
                p50_seconds: quantile(&buckets, 0.5),
                p99_seconds: quantile(&buckets, 0.99),
                codes: totals.codes.clone(),
            }
        });
        methods.collect()
    }
}

fn difference(now: &Buckets, before: &Buckets) -> Buckets {
    let grown = now.iter().map(|(bound, count)| {
        let earlier = before.get(bound).copied().unwrap_or_default();
        (*bound, (count - earlier).max(0.0))
    });
    grown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(handled: f64, failed: f64) -> BTreeMap<String, Totals> {
        let buckets = [(0.1, handled), (f64::INFINITY, handled)];
        let totals = Totals {
            handled,
            failed,
            buckets: buckets
                .map(|(bound, count): (f64, f64)| (bound.to_bits(), count))
                .into(),
            methods: BTreeMap::new(),
        };
        BTreeMap::from([("a.B".to_owned(), totals)])
    }

    fn last(history: &History) -> Point {
        *history.services["a.B"].points.back().expect("a point")
    }

    #[test]
    fn point_is_the_average_of_ten_seconds() {
        let mut history = History::default();
        let start = Instant::now();
        history.record(start, totals(1000.0, 10.0), &[]);
        assert_eq!(last(&history), Point::default());
        for step in 1..=20_u32 {
            let calls = f64::from(step) * 8.0;
            let sample = totals(1000.0 + calls, 10.0 + calls / 4.0);
            history.record(start + Duration::from_secs(2) * step, sample, &[]);
        }
        let point = last(&history);
        assert_eq!(point.requests_per_second, Some(4.0));
        assert_eq!(point.error_share, Some(0.25));
        assert_eq!(point.p50_seconds, Some(0.05));
        assert!(history.recent.len() <= 7);
    }

    #[test]
    fn restart_makes_a_gap_and_no_negative_rate() {
        let mut history = History::default();
        let start = Instant::now();
        history.record(start, totals(1000.0, 10.0), &[]);
        history.record(start + Duration::from_secs(2), totals(3.0, 0.0), &[]);
        assert_eq!(last(&history), Point::default());
    }

    #[test]
    fn services_come_from_health_too_and_history_is_bounded() {
        let mut history = History::default();
        let health = [("c.D".to_owned(), false), (String::new(), true)];
        let start = Instant::now();
        for step in 0..400 {
            let now = start + Duration::from_secs(2) * step;
            history.record(now, BTreeMap::new(), &health);
        }
        assert_eq!(history.services.len(), 1);
        let series = &history.services["c.D"];
        assert_eq!((series.serving, series.points.len()), (Some(false), POINTS));
        history.record(start + Duration::from_secs(900), BTreeMap::new(), &[]);
        assert!(history.services.is_empty());
    }
}
