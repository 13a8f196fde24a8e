//! Adapts the number of calls in flight to what the server can do: fewer when it says that it
//! is busy or answers slowly, and more again while it does not, as TCP does for its packets.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A call that takes a larger part of its timeout than this is slow.
const SLOW_PART_OF_TIMEOUT: u32 = 4;

/// How many calls may be in flight.
pub(super) struct Concurrency {
    max: f64,
    slow: Duration,
    state: Mutex<State>,
}

struct State {
    limit: f64,
    /// When the limit was last reduced.
    reduced: Option<Instant>,
}

impl Concurrency {
    pub(super) fn new(max: usize, timeout: Duration) -> Self {
        let max = max.max(1) as f64;
        Self {
            max,
            slow: timeout / SLOW_PART_OF_TIMEOUT,
            state: Mutex::new(State {
                limit: max,
                reduced: None,
            }),
        }
    }

    pub(super) fn limit(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit as usize
    }

    /// Records that a call has ended. Returns whether it was sent before the limit was last
    /// reduced: then its answer says nothing about the present limit.
    pub(super) fn record(&self, sent: Instant, is_busy: bool) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_outdated = state.reduced.is_some_and(|reduced| sent < reduced);
        if !is_busy && sent.elapsed() < self.slow {
            state.limit = (state.limit + 1.0 / state.limit).min(self.max);
        } else if !is_outdated {
            state.limit = (state.limit / 2.0).max(1.0);
            state.reduced = Some(Instant::now());
        }
        is_outdated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(4000);

    #[test]
    fn limit_is_halved_once_for_the_calls_of_one_moment() {
        let concurrency = Concurrency::new(64, TIMEOUT);
        let sent = Instant::now();
        assert!(!concurrency.record(sent, true));
        for _ in 0..40 {
            assert!(concurrency.record(sent, true));
        }
        assert_eq!(concurrency.limit(), 32);
        concurrency.record(Instant::now(), true);
        assert_eq!(concurrency.limit(), 16);
    }

    #[test]
    fn slow_answer_reduces_the_limit_to_one_call_at_least() {
        let concurrency = Concurrency::new(64, TIMEOUT);
        for _ in 0..20 {
            let sent = Instant::now().checked_sub(TIMEOUT / 3);
            concurrency.record(sent.expect("the machine runs for longer"), false);
        }
        assert_eq!(
            concurrency.limit(),
            32,
            "they were sent before it was reduced"
        );
        for _ in 0..20 {
            concurrency.record(Instant::now(), true);
        }
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn limit_grows_again_while_the_server_answers() {
        let concurrency = Concurrency::new(8, TIMEOUT);
        concurrency.record(Instant::now(), true);
        for _ in 0..100 {
            concurrency.record(Instant::now(), false);
        }
        assert_eq!(concurrency.limit(), 8);
    }
}
