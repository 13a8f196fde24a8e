//! Watches the services through their metrics: samples them every two seconds and
//! keeps five minutes of rates, error shares and latencies for `/monitor`.
//!
//! Samples are taken whether somebody looks or not: a visitor who comes because
//! something is wrong wants to see when it began.

mod chart;
mod exposition;
mod history;
pub(crate) mod page;
mod quantile;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::options::{Health, MetricsText};
use history::History;

/// The time between samples.
const PERIOD: Duration = Duration::from_secs(2);
/// A health that takes longer is not known.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);

/// What has been seen of the services.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    history: Mutex<History>,
}

impl Monitor {
    fn history(&self) -> MutexGuard<'_, History> {
        // Half a sample at worst: the next one mends it.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one sample.
    pub async fn sample(&self, metrics_text: &MetricsText, health: &Health) {
        let health = timeout(HEALTH_TIMEOUT, health()).await.unwrap_or_default();
        let totals = exposition::parse(&metrics_text());
        self.history().record(Instant::now(), totals, &health);
    }
}

/// Samples until the monitor is dropped.
pub(crate) fn start(monitor: &Arc<Monitor>, metrics_text: MetricsText, health: Health) {
    let monitor = Arc::downgrade(monitor);
    tokio::spawn(async move {
        let mut ticks = interval(PERIOD);
        // After a pause of the machine, samples go on; they are not caught up on.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(monitor) = monitor.upgrade() else {
                return;
            };
            monitor.sample(&metrics_text, &health).await;
        }
    });
}
