//! Retries of one `write!` after conflicts with other transactions.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use crate::{Db, Error, Transaction, connection::Failure};

/// How many times a body runs at most.
const MAX_ATTEMPTS: u32 = 10;

/// After this time no further attempt starts. `busy_timeout` and `lock_timeout` are equally
/// long.
const MAX_ELAPSED: Duration = Duration::from_secs(5);

/// The upper bound of the random wait after the first failed attempt. The bound doubles
/// with each attempt.
const INITIAL_BACKOFF: Duration = Duration::from_millis(4);

/// The attempts of one [`crate::write!`]. It is public only for the expansion of that
/// macro.
#[derive(Debug)]
pub struct Attempts<'d> {
    db: &'d Db,
    failed: u32,
    started: Instant,
}

impl<'d> Attempts<'d> {
    /// Starts with no attempt made.
    pub fn new(db: &'d Db) -> Self {
        Self {
            db,
            failed: 0,
            started: Instant::now(),
        }
    }

    /// Begins the transaction of the next attempt.
    ///
    /// # Errors
    /// As [`Db::acquire`], or [`Error::Conflict`] if another process holds the lock of the
    /// SQLite file for too long.
    pub async fn begin(&mut self) -> Result<Transaction, Error> {
        loop {
            match self.db.begin().await {
                Err(Error::Conflict(_)) if self.wait_before_retry().await => {}
                outcome => return outcome,
            }
        }
    }

    /// Commits or rolls back, and returns `Continue` if the body should run again.
    pub async fn finish<T, E: From<Error>>(
        &mut self,
        mut transaction: Transaction,
        outcome: Result<T, E>,
    ) -> ControlFlow<Result<T, E>> {
        let (conflict, outcome) = match outcome {
            Ok(value) => {
                let notifications = std::mem::take(&mut transaction.notifications);
                match transaction.commit().await {
                    Ok(()) => {
                        for (channel, key) in notifications {
                            self.db.notify(channel, [key]);
                        }
                        (false, Ok(value))
                    }
                    Err(error) => (matches!(error, Error::Conflict(_)), Err(E::from(error))),
                }
            }
            Err(error) => {
                let conflict = transaction.failure() == Some(Failure::Conflict);
                match transaction.rollback().await {
                    Ok(()) => (conflict, Err(error)),
                    // The error may be wrong, because the body read what was not committed.
                    Err(error) => (matches!(error, Error::Conflict(_)), Err(E::from(error))),
                }
            }
        };
        if conflict && self.wait_before_retry().await {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(outcome)
    }

    /// Waits before the next attempt; returns `false` if no attempt is left.
    async fn wait_before_retry(&mut self) -> bool {
        self.failed += 1;
        if self.failed >= MAX_ATTEMPTS || self.started.elapsed() >= MAX_ELAPSED {
            tracing::warn!(
                attempts = self.failed,
                "gave up a transaction because of conflicts with other transactions"
            );
            return false;
        }
        let longest = INITIAL_BACKOFF * 2_u32.pow(self.failed - 1);
        let wait = longest.mul_f64(rand::random_range(0.0..1.0));
        tracing::debug!(
            attempts = self.failed,
            ?wait,
            "retrying a transaction after a conflict"
        );
        tokio::time::sleep(wait).await;
        true
    }
}
