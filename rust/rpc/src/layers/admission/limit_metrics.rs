//! The metrics of the permits of one service, with the labels `grpc_service` and `kind`,
//! which is `reads`, `writes` or `streams`. The reserve of calls within the process counts as in use,
//! so that more permits than there are may be.

use metrics::{Counter, Gauge};

/// The series of one limit. They exist from the first call on.
pub(super) struct LimitMetrics {
    pub(super) permits: Gauge,
    pub(super) in_use: Gauge,
    pub(super) waiting: Gauge,
    pub(super) refused: Counter,
}

impl LimitMetrics {
    pub(super) fn register(service: &'static str, kind: &'static str, permits: usize) -> Self {
        let labels = [("grpc_service", service), ("kind", kind)];
        let size = metrics::gauge!("grpc_server_permits", &labels);
        size.set(permits as f64);
        Self {
            permits: size,
            in_use: metrics::gauge!("grpc_server_permits_in_use", &labels),
            waiting: metrics::gauge!("grpc_server_calls_waiting", &labels),
            refused: metrics::counter!("grpc_server_calls_refused_total", &labels),
        }
    }
}
