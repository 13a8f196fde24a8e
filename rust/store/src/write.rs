//! The attempts of one `write!`.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use crate::{Db, Error, Transaction, connection::Failure};

/// How often a body runs at most.
const MOST_ATTEMPTS: u32 = 10;

/// After this time no further attempt starts: the caller has waited long enough, and
/// `busy_timeout` and `lock_timeout` are as long.
const MOST_TIME: Duration = Duration::from_secs(5);

/// The wait after the first failed attempt is at most so long; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(4);

/// The expansion of [`crate::write!`] counts with it; nobody else should use it.
#[derive(Debug)]
pub struct Attempts<'d> {
    db: &'d Db,
    failed: u32,
    started: Instant,
}

impl<'d> Attempts<'d> {
    /// No attempt so far.
    pub fn new(db: &'d Db) -> Self {
        Self {
            db,
            failed: 0,
            started: Instant::now(),
        }
    }

    /// Opens the transaction of the next attempt.
    ///
    /// # Errors
    /// As [`Db::acquire`], or [`Error::Conflict`] if another process writes to the file
    /// for too long.
    pub async fn begin(&mut self) -> Result<Transaction, Error> {
        loop {
            match self.db.begin().await {
                Err(Error::Conflict(_)) if self.again().await => {}
                outcome => return outcome,
            }
        }
    }

    /// Commits or rolls back; says whether the body runs again.
    pub async fn finish<T, E: From<Error>>(
        &mut self,
        transaction: Transaction,
        outcome: Result<T, E>,
    ) -> ControlFlow<Result<T, E>> {
        let (conflict, outcome) = match outcome {
            Ok(value) => match transaction.commit().await {
                Ok(()) => (false, Ok(value)),
                Err(error) => (matches!(error, Error::Conflict(_)), Err(E::from(error))),
            },
            Err(error) => {
                let conflict = transaction.failure() == Some(Failure::Conflict);
                transaction.roll_back().await;
                (conflict, Err(error))
            }
        };
        if conflict && self.again().await {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(outcome)
    }

    /// Waits before the next attempt, if there is one.
    async fn again(&mut self) -> bool {
        self.failed += 1;
        if self.failed >= MOST_ATTEMPTS || self.started.elapsed() >= MOST_TIME {
            tracing::warn!(
                attempts = self.failed,
                "gave up a transaction, others were in the way"
            );
            return false;
        }
        let longest = FIRST_WAIT * 2_u32.pow(self.failed - 1);
        let wait = longest.mul_f64(rand::random_range(0.0..1.0));
        tracing::debug!(attempts = self.failed, ?wait, "a transaction starts again");
        tokio::time::sleep(wait).await;
        true
    }
}
