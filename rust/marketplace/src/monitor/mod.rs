//! Samples the metrics of the services every two seconds and stores five minutes of rates,
//! error ratios and latencies for `/monitor`.
//!
//! Sampling does not depend on visitors: whoever opens the page during an incident wants
//! to see when it started.

pub(crate) mod access;
mod background;
mod chart;
mod dependency_map;
mod exposition;
mod history;
mod notable_calls;
pub(crate) mod page;
mod quantile;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

pub(crate) use self::notable_calls::age;
use crate::options::{Health, MetricsText};
use history::History;

/// The time between two samples.
const PERIOD: Duration = Duration::from_secs(2);
/// After this time the health counts as unknown.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);

/// The recorded history of all services.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    history: Mutex<History>,
}

impl Monitor {
    fn history(&self) -> MutexGuard<'_, History> {
        // A panic may leave an incomplete sample; the next sample corrects it.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one sample.
    pub async fn sample(&self, metrics_text: &MetricsText, health: &Health) {
        let health = timeout(HEALTH_TIMEOUT, health()).await.unwrap_or_default();
        let text = metrics_text();
        let totals = exposition::parse(&text);
        let mut history = self.history();
        history.background = background::parse(&text);
        history.record(Instant::now(), totals, &health);
    }
}

/// Starts a task that samples until the monitor is dropped.
pub(crate) fn start(monitor: &Arc<Monitor>, metrics_text: MetricsText, health: Health) {
    let monitor = Arc::downgrade(monitor);
    tokio::spawn(async move {
        let mut ticks = interval(PERIOD);
        // Missed samples, for example after a suspend, are not made up for.
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
