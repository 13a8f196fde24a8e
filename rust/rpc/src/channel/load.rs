//! How much a server has to do, for the choice between several: the time in which it answers,
//! times the calls that wait for it.
//!
//! The time is a peak-sensitive moving average, as in tower's `PeakEwma` and Finagle: it rises at
//! once and falls slowly, so that a server that has become slow gets fewer calls from the first
//! slow answer on. tower's type wraps a service that one caller owns; channels are shared.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tonic::Code;

/// A new server is taken to answer in this time. It decays, so that the server gets a growing part
/// of the calls for some seconds, while its caches and connections get warm.
const FIRST_ESTIMATE: Duration = Duration::from_millis(100);
/// A failure counts as at least this time. A server that refuses at once must not look fast.
const FAILURE_ESTIMATE: Duration = Duration::from_secs(1);
/// How long a time counts: after each such span it has 37 % of its weight.
const DECAY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Load {
    waiting: AtomicU32,
    answers: Mutex<Estimate>,
}

#[derive(Debug)]
struct Estimate {
    seconds: f64,
    at: Instant,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            waiting: AtomicU32::new(0),
            answers: Mutex::new(Estimate {
                seconds: FIRST_ESTIMATE.as_secs_f64(),
                at: Instant::now(),
            }),
        }
    }
}

impl Load {
    /// Counts a call until the result is dropped.
    pub(super) fn begin(&self) -> Measured<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Measured {
            load: self,
            began: Instant::now(),
        }
    }

    /// The cost of one more call. It has no unit; a larger one is worse.
    pub(super) fn cost(&self) -> f64 {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.estimate(None) * f64::from(waiting + 1)
    }

    /// The estimate of now, in seconds, with another time that was measured.
    fn estimate(&self, measured: Option<Duration>) -> f64 {
        // The estimate is valid after every statement.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let age = now.saturating_duration_since(answers.at);
        let weight = (-age.as_secs_f64() / DECAY.as_secs_f64()).exp();
        let decayed = answers.seconds * weight;
        let Some(measured) = measured.map(|measured| measured.as_secs_f64()) else {
            return decayed;
        };
        let average = decayed + measured * (1.0 - weight);
        *answers = Estimate {
            seconds: measured.max(average),
            at: now,
        };
        answers.seconds
    }
}

/// A call that waits for its answer.
pub(super) struct Measured<'l> {
    load: &'l Load,
    began: Instant,
}

impl Measured<'_> {
    /// The call has ended, with a failure or without.
    pub(super) fn end(self, failure: Option<Code>) {
        let took = self.began.elapsed();
        let is_of_server = matches!(
            failure,
            Some(Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded)
        );
        let counted = if is_of_server {
            took.max(FAILURE_ESTIMATE)
        } else {
            took
        };
        self.load.estimate(Some(counted));
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.load.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(load: &Load, milliseconds: u64, failure: Option<Code>) {
        let measured = load.begin();
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
        measured.end(failure);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_answer_counts_at_once_and_for_some_seconds() {
        let (fast, slow) = (Load::default(), Load::default());
        for _ in 0..100 {
            answer(&fast, 100, None).await;
            answer(&slow, 100, None).await;
        }
        answer(&slow, 900, None).await;
        assert!(slow.cost() > 4.0 * fast.cost());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(slow.cost() < 0.1);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_wait_are_a_load() {
        let load = Load::default();
        let idle = load.cost();
        let waiting = [load.begin(), load.begin()];
        assert!((load.cost() - 3.0 * idle).abs() < 1e-9);
        drop(waiting);
        assert!((load.cost() - idle).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn server_that_refuses_at_once_is_not_fast() {
        let (refusing, serving) = (Load::default(), Load::default());
        answer(&refusing, 0, Some(Code::Unavailable)).await;
        answer(&serving, 200, Some(Code::NotFound)).await;
        assert!(refusing.cost() > serving.cost());
    }
}
