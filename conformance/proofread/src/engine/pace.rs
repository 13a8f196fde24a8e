//! When the next case may be sent: the rate, and the time that is left.

use std::time::{Duration, Instant};

use super::Plan;

/// The rate and the budget of a run.
pub(super) struct Pace {
    interval: Option<Duration>,
    next: Instant,
    end: Option<Instant>,
}

impl Pace {
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        let now = Instant::now();
        Self {
            interval: plan
                .rate
                .filter(|rate| *rate > 0)
                .map(|rate| Duration::from_secs(1) / rate),
            next: now,
            end: plan.budget.map(|budget| now + budget),
        }
    }

    /// How long to wait before the next case; none where it may go now, and then it
    /// counts as sent.
    pub(super) fn wait(&mut self) -> Option<Duration> {
        let interval = self.interval?;
        let now = Instant::now();
        if now < self.next {
            return Some(self.next - now);
        }
        // What was missed is not made up for: a rate is no average.
        self.next = self.next.max(now - interval) + interval;
        None
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// The time that is left; none where there is no end.
    pub(super) fn left(&self) -> Option<Duration> {
        self.end
            .map(|end| end.saturating_duration_since(Instant::now()))
    }
}
