//! Limits how many cases are sent in a second, and how long the whole run takes.

use std::time::{Duration, Instant};

use super::Plan;

/// The limits of [`Plan::rate`] and [`Plan::budget`].
pub(super) struct RateLimit {
    /// The least time between two cases; `None` without a limit.
    interval: Option<Duration>,
    /// When the next case may be sent.
    next: Instant,
    /// When the run must end; `None` without a limit.
    end: Option<Instant>,
}

impl RateLimit {
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

    /// How long to wait before the next case. `None` means that it may be sent now;
    /// it is then counted as sent.
    pub(super) fn delay_before_next(&mut self) -> Option<Duration> {
        let interval = self.interval?;
        let now = Instant::now();
        if now < self.next {
            return Some(self.next - now);
        }
        // Intervals that passed unused are not made up for by a burst.
        self.next = self.next.max(now - interval) + interval;
        None
    }

    pub(super) fn time_is_up(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// The time until the run must end; `None` without a limit.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.end
            .map(|end| end.saturating_duration_since(Instant::now()))
    }
}
