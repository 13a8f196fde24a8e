//! Metrics in the text formats of Prometheus and OpenMetrics, and by OTLP.

mod descriptions;
mod exemplars;
mod open_metrics;
mod otlp_recorder;

use std::{io, sync::Arc, thread, time::Duration};

use metrics::Recorder;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use metrics_util::layers::FanoutBuilder;

use self::{
    exemplars::{ExemplarRecorder, Exemplars},
    otlp_recorder::OtlpRecorder,
};
use crate::Otlp;

/// The bucket bounds of the histograms named `*_seconds`: from 0.1 ms, the duration of a
/// call without a database, to 10 s, longer than clients wait.
const SECONDS_BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// The bucket bounds of the histograms named `*_size`, which count things.
const SIZE_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The end of the names of histograms, and the bounds of their buckets.
const BUCKETS: [(&str, &[f64]); 2] = [("_seconds", &SECONDS_BUCKETS), ("_size", &SIZE_BUCKETS)];

fn bucket_bounds(name: &str) -> Option<&'static [f64]> {
    let known = BUCKETS.into_iter().find(|(end, _)| name.ends_with(end));
    known.map(|(_, bounds)| bounds)
}

/// How often recorded values are moved to their buckets. Until then each value is kept:
/// at 60,000 calls per second, a few megabytes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The error of [`Metrics::install`].
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The settings of the recorder are invalid.
    #[error("cannot install the metrics: {0}")]
    Recorder(#[from] BuildError),
    /// The process already has a recorder.
    #[error("cannot install the metrics: the process already has a recorder")]
    AlreadyInstalled,
    /// The operating system cannot create another thread.
    #[error("cannot start the thread for the metrics: {0}")]
    Thread(#[from] io::Error),
}

/// Renders the metrics of the process, with those that the operating system has of it
/// (`process_*`: CPU time, memory, file descriptors, threads).
#[derive(Clone)]
pub struct Metrics {
    recorder: PrometheusHandle,
    process: Collector,
    exemplars: Arc<Exemplars>,
}

impl Metrics {
    /// Installs the metrics recorder of the process; works once. Values recorded before are
    /// lost, so call it before creating routers. What `otlp` exports is recorded for it, too, and
    /// if that includes spans, histograms have exemplars.
    pub fn install(otlp: &Otlp) -> Result<Self, InstallError> {
        let mut prometheus = PrometheusBuilder::new();
        for (end, bounds) in BUCKETS {
            let names = Matcher::Suffix(end.to_owned());
            prometheus = prometheus.set_buckets_for_metric(names, bounds)?;
        }
        let prometheus = prometheus.build_recorder();
        let handle = prometheus.handle();
        let exemplars = Arc::<Exemplars>::default();
        let mut recorder: Box<dyn Recorder + Sync> = Box::new(prometheus);
        let meter = otlp.meter();
        let exports_metrics = meter.is_some();
        if let Some(meter) = meter {
            let both = FanoutBuilder::default()
                .add_recorder(recorder)
                .add_recorder(OtlpRecorder::new(meter, bucket_bounds));
            recorder = Box::new(both.build());
        }
        if otlp.exports_traces() {
            recorder = Box::new(ExemplarRecorder::new(recorder, &exemplars, bucket_bounds));
        }
        metrics::set_global_recorder(recorder).map_err(|_| InstallError::AlreadyInstalled)?;
        descriptions::describe();
        otlp.register_loss_counters();
        let process = Collector::default();
        process.describe();
        let version = env!("CARGO_PKG_VERSION");
        metrics::gauge!("bindery_build_info", "version" => version).set(1);
        let metrics = Self {
            recorder: handle,
            process,
            exemplars,
        };
        let upkeep = metrics.clone();
        // A thread and not a task, so that it also runs when the runtime is overloaded.
        thread::Builder::new()
            .name("metrics-upkeep".to_owned())
            .spawn(move || upkeep.run_upkeep(exports_metrics))?;
        Ok(metrics)
    }

    /// The current value of all metrics, for `GET /metrics`. The content type is
    /// `text/plain; version=0.0.4`.
    pub fn render(&self) -> String {
        self.process.collect();
        self.recorder.render()
    }

    /// Like [`render`](Self::render), with exemplars. The content type is
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    pub fn render_open_metrics(&self) -> String {
        open_metrics::from_prometheus(&self.render(), &self.exemplars)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the thread belongs to this loop and not to the runtime"
    )]
    fn run_upkeep(&self, exports_metrics: bool) {
        loop {
            if exports_metrics {
                // Nobody may be rendering them.
                self.process.collect();
            }
            thread::sleep(UPKEEP_INTERVAL);
            self.recorder.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_described_and_histograms_use_our_buckets() {
        let metrics =
            Metrics::install(&Otlp::default()).expect("the only recorder of this test binary");
        metrics::histogram!("grpc_server_handling_seconds").record(0.0003);
        metrics::counter!("grpc_server_started_total").increment(2);
        metrics::histogram!("store_commit_group_size").record(3.0);
        let text = metrics.render();
        for line in [
            "grpc_server_handling_seconds_bucket{le=\"0.00025\"} 0",
            "grpc_server_handling_seconds_bucket{le=\"0.0005\"} 1",
            "grpc_server_started_total 2",
            "# HELP grpc_server_started_total Calls that have begun.",
            "store_commit_group_size_bucket{le=\"2\"} 0",
            "store_commit_group_size_bucket{le=\"4\"} 1",
            "process_open_fds ",
            "process_threads ",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        assert!(Metrics::install(&Otlp::default()).is_err());
    }
}
