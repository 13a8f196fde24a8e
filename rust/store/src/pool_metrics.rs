//! The metrics of the connections of a database, with the labels `database` and `pool`:
//! `read` and `write` on SQLite, `all` on PostgreSQL.

use metrics::Gauge;

/// The gauges of one pool.
#[derive(Debug)]
pub(crate) struct PoolMetrics {
    in_use: Gauge,
    waiting: Gauge,
}

impl PoolMetrics {
    /// `max` is the largest number of connections.
    pub(crate) fn register(database: &'static str, pool: &'static str, max: u32) -> Self {
        let labels = [("database", database), ("pool", pool)];
        metrics::gauge!("store_connections_max", &labels).set(max);
        Self {
            in_use: metrics::gauge!("store_connections_in_use", &labels),
            waiting: metrics::gauge!("store_connections_waiting", &labels),
        }
    }

    /// Counts a connection that is in use.
    pub(crate) fn in_use(&self) -> GaugeGuard {
        GaugeGuard::new(&self.in_use)
    }

    /// Counts a caller that waits for a connection.
    pub(crate) fn waiting(&self) -> GaugeGuard {
        GaugeGuard::new(&self.waiting)
    }
}

/// Adds one to a gauge while it exists.
#[derive(Debug)]
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
