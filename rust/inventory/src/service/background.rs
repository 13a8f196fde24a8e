//! The background task: expires reservations, notifies watchers and prunes old requests.

use std::{collections::HashMap, time::Duration};

use jiff::SignedDuration;
use service::{BookId, PeriodicTask};
use store::idempotency;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::{Inventory, InventoryError, StockLevel};

/// How long the response of a request is kept for retries. No client retries for so long.
const IDEMPOTENCY_RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// How often old responses are deleted.
const PRUNE_INTERVAL: Duration = Duration::from_secs(600);

/// How many watched books one query reads.
const POLL_BATCH_SIZE: usize = 1000;

/// The background task and what it keeps between two runs.
struct Sweep {
    inventory: Inventory,
    /// The levels of the watched books in the previous poll.
    last_levels: HashMap<BookId, StockLevel>,
    last_prune: Option<Instant>,
}

impl PeriodicTask for Sweep {
    const NAME: &'static str =
        "expire reservations, notify watchers and delete the responses of old requests";

    type Error = InventoryError;

    async fn run(&mut self) -> Result<(), InventoryError> {
        self.inventory.expire_due_reservations().await?;
        self.inventory.poll_watched(&mut self.last_levels).await?;
        let due = self
            .last_prune
            .is_none_or(|last| last.elapsed() >= PRUNE_INTERVAL);
        if due {
            self.inventory.prune_idempotency_records().await?;
            self.last_prune = Some(Instant::now());
        }
        Ok(())
    }
}

impl Inventory {
    /// Starts the task that releases the copies of expired reservations, notifies watchers
    /// of changes by other processes, and deletes the responses of old requests. The task
    /// ends when the handle is dropped.
    ///
    /// Without this task all responses are correct, but watchers do not see expiries and
    /// changes by other processes. Must be called within a tokio runtime.
    #[must_use = "the task ends when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let sweep = Sweep {
            inventory: self.clone(),
            last_levels: HashMap::new(),
            last_prune: None,
        };
        service::run_periodically(self.inner.options.sweep_interval, sweep)
    }

    /// Finds changes by other processes: compares the levels of the watched books with
    /// those of the previous poll.
    async fn poll_watched(
        &self,
        last_levels: &mut HashMap<BookId, StockLevel>,
    ) -> Result<(), InventoryError> {
        let watched = self.inner.watchers.watched();
        let mut levels_now = HashMap::with_capacity(watched.len());
        for book_ids in watched.chunks(POLL_BATCH_SIZE) {
            let levels = self.levels(book_ids).await?;
            levels_now.extend(levels.into_iter().map(|level| (level.book_id, level)));
        }
        // A book that was not in the previous poll counts as changed: another process may
        // have changed it after its watcher read the level and before this poll.
        let changed: Vec<_> = levels_now
            .iter()
            .filter(|(book_id, level)| last_levels.get(book_id) != Some(level))
            .map(|(book_id, _)| *book_id)
            .collect();
        self.inner.watchers.notify(&changed);
        *last_levels = levels_now;
        Ok(())
    }

    async fn prune_idempotency_records(&self) -> Result<(), InventoryError> {
        // No overflow: the current time is far from the limits of a timestamp.
        let before = (self.now() - IDEMPOTENCY_RETENTION).as_microsecond();
        let pruned = store::write!(self.db(), transaction => {
            idempotency::prune(transaction, before).await
        })?;
        if pruned > 0 {
            tracing::debug!(pruned, "deleted the responses of old requests");
        }
        Ok(())
    }
}
