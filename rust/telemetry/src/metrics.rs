//! The metrics, in the text format of Prometheus.

use std::{io, thread, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The upper bounds of the histograms named `*_seconds`: 0.1 ms, which is a call
/// that touches no database, to 10 s, which nobody waits for.
const SECONDS_BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// How often recorded values are sorted into their buckets. Until then each one is
/// kept: at 60,000 calls a second, a few megabytes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Why metrics can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There is a recorder already.
    #[error("cannot install the metrics: {0}")]
    Recorder(#[from] BuildError),
    /// The system has no thread left.
    #[error("cannot start the thread that keeps the metrics: {0}")]
    Thread(#[from] io::Error),
}

/// Reads the metrics of the process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to keep metrics, once a process. Whatever is counted before is lost, so
    /// that this comes before routers are made.
    pub fn install() -> Result<Self, InstallError> {
        let suffix = Matcher::Suffix("_seconds".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(suffix, &SECONDS_BUCKETS)?
            .install_recorder()?;
        let upkeep = handle.clone();
        // A thread and not a task: it must run however busy the tasks are.
        thread::Builder::new()
            .name("metrics-upkeep".to_owned())
            .spawn(move || {
                loop {
                    thread::sleep(UPKEEP_INTERVAL);
                    upkeep.run_upkeep();
                }
            })?;
        Ok(Self(handle))
    }

    /// All metrics as they are now, for `GET /metrics`, as
    /// `text/plain; version=0.0.4`.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_sorted_into_our_buckets() {
        let metrics = Metrics::install().expect("the only recorder of this test binary");
        metrics::histogram!("grpc_server_handling_seconds").record(0.0003);
        metrics::counter!("grpc_server_started_total").increment(2);
        let text = metrics.render();
        for line in [
            "grpc_server_handling_seconds_bucket{le=\"0.00025\"} 0",
            "grpc_server_handling_seconds_bucket{le=\"0.0005\"} 1",
            "grpc_server_started_total 2",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        assert!(Metrics::install().is_err());
    }
}
