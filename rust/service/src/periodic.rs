//! Background work that runs again and again.

use std::{fmt::Display, time::Duration};

use futures::future::join_all;
use rand::RngExt;
use tokio_util::task::AbortOnDropHandle;

/// The longest pause after the first failure; it doubles with each further failure. It is
/// short because in one process the first run often comes before the other services are
/// ready.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The backoff is at most this many intervals.
const BACKOFF_LIMIT: u32 = 5;

/// Joins several background tasks into one handle. They end when it is dropped.
#[must_use = "the tasks end when the handle is dropped"]
pub fn run_together(
    tasks: impl IntoIterator<Item = AbortOnDropHandle<()>>,
) -> AbortOnDropHandle<()> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    AbortOnDropHandle::new(tokio::spawn(async move {
        for outcome in join_all(tasks).await {
            if let Err(error) = outcome {
                tracing::error!(%error, "a background task ended");
            }
        }
    }))
}

/// Work that runs in the background at intervals. Its state stays between two runs.
pub trait PeriodicTask: Send + 'static {
    /// What the task does, for the log, such as `refresh the catalogue`.
    const NAME: &'static str;

    /// Why a run failed.
    type Error: Display + Send;

    /// Runs the work once. It may be cancelled at any `.await`.
    fn run(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Completes when there is work to do before the interval is over. It may be cancelled at
    /// any `.await`.
    fn wait_for_work(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Runs a task at once, and again an interval after the end of each run or when it has work,
/// until the handle is dropped. The interval has a jitter of 10 %, so that several processes do not work at
/// the same time. After a failure, which is logged, the task runs again after an
/// exponential backoff of at most five intervals. Must be called within a tokio runtime.
#[must_use = "the task ends when the handle is dropped"]
pub fn run_periodically<T: PeriodicTask>(interval: Duration, mut task: T) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut failures: u32 = 0;
        loop {
            match task.run().await {
                Ok(()) => {
                    if failures > 0 {
                        tracing::info!(task = T::NAME, failures, "background task works again");
                    }
                    failures = 0;
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(task = T::NAME, %error, failures, "background task failed");
                }
            }
            let pause = tokio::time::sleep(next_pause(interval, failures));
            if failures > 0 {
                pause.await;
            } else {
                tokio::select! {
                    () = pause => {}
                    () = task.wait_for_work() => {}
                }
            }
        }
    }))
}

/// The pause before the next run: 10 % around the interval, or after `failures` failures
/// the upper half of the backoff.
fn next_pause(interval: Duration, failures: u32) -> Duration {
    let mut rng = rand::rng();
    match failures.checked_sub(1) {
        None => interval.mul_f64(rng.random_range(0.9..1.1)),
        Some(earlier) => FIRST_BACKOFF
            .saturating_mul(1_u32.checked_shl(earlier).unwrap_or(u32::MAX))
            .min(interval.saturating_mul(BACKOFF_LIMIT))
            .mul_f64(rng.random_range(0.5..1.0)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// A task that reports its runs and fails in the second one.
    struct FailsOnce {
        runs: u32,
        report: mpsc::UnboundedSender<u32>,
    }

    impl PeriodicTask for FailsOnce {
        const NAME: &'static str = "report the runs";
        type Error = &'static str;

        async fn run(&mut self) -> Result<(), &'static str> {
            self.runs += 1;
            let _ = self.report.send(self.runs);
            if self.runs == 2 {
                return Err("the second run fails");
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn task_runs_again_after_a_failure_until_its_handle_is_dropped() {
        let (report, mut runs) = mpsc::unbounded_channel();
        let task = run_periodically(Duration::from_millis(1), FailsOnce { runs: 0, report });
        for expected in 1..=4 {
            assert_eq!(runs.recv().await, Some(expected));
        }
        drop(task);
        // The channel closes when the task has ended.
        while runs.recv().await.is_some() {}
    }

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        let interval = Duration::from_secs(2);
        for (failures, longest) in [(1, 50), (2, 100), (5, 800), (9, 10_000), (u32::MAX, 10_000)] {
            let longest = Duration::from_millis(longest);
            for _ in 0..100 {
                let actual = next_pause(interval, failures);
                assert!(actual >= longest / 2 && actual <= longest, "{actual:?}");
            }
        }
    }

    #[test]
    fn interval_has_a_jitter_of_ten_percent() {
        let interval = Duration::from_secs(2);
        for _ in 0..100 {
            let actual = next_pause(interval, 0).as_millis();
            assert!((1799..=2201).contains(&actual), "{actual} ms");
        }
    }
}
