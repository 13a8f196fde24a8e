//! What goes on while nobody asks.

use std::{collections::HashMap, time::Duration};

use jiff::SignedDuration;
use store::replay;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

use crate::{BookId, Inventory, InventoryError, Level};

/// How long an answer is kept for a request that comes again. No client repeats one for
/// so long.
const REPLAYS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How often old answers are forgotten.
const PRUNE_INTERVAL: Duration = Duration::from_secs(600);

/// How many watched books are read at once.
const POLLED_AT_ONCE: usize = 1000;

impl Inventory {
    /// Starts the task that puts expired reservations back on sale, tells watchers of
    /// changes by other processes, and forgets the answers to old requests. It ends when
    /// the handle is dropped; without it all answers are right, but late for those who
    /// only watch. Must be called within a tokio runtime.
    #[must_use = "the task ends when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let inventory = self.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(inventory.inner.options.sweep_interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut polled = HashMap::new();
            let mut last_prune = None;
            loop {
                ticks.tick().await;
                if let Err(error) = inventory.sweep(&mut polled, &mut last_prune).await {
                    tracing::warn!(error = %error, "a sweep of the stock failed; the next one follows");
                }
            }
        }))
    }

    async fn sweep(
        &self,
        polled: &mut HashMap<BookId, Level>,
        last_prune: &mut Option<Instant>,
    ) -> Result<(), InventoryError> {
        self.free_due().await?;
        self.poll_watched(polled).await?;
        if last_prune.is_none_or(|last| last.elapsed() >= PRUNE_INTERVAL) {
            self.prune_replays().await?;
            *last_prune = Some(Instant::now());
        }
        Ok(())
    }

    /// Finds what other processes changed, by comparing with the poll before.
    async fn poll_watched(
        &self,
        polled: &mut HashMap<BookId, Level>,
    ) -> Result<(), InventoryError> {
        let watched = self.inner.watchers.watched();
        let mut now = HashMap::with_capacity(watched.len());
        for book_ids in watched.chunks(POLLED_AT_ONCE) {
            let levels = self.levels(book_ids).await?;
            now.extend(levels.into_iter().map(|level| (level.book_id, level)));
        }
        // A book that was not watched at the poll before counts as changed: its watcher
        // may have begun before the change of another process and after our look.
        let changed: Vec<_> = now
            .iter()
            .filter(|(book_id, level)| polled.get(book_id) != Some(level))
            .map(|(book_id, _)| *book_id)
            .collect();
        self.inner.watchers.changed(&changed);
        *polled = now;
        Ok(())
    }

    async fn prune_replays(&self) -> Result<(), InventoryError> {
        // The time is far from the end of what a timestamp holds.
        let before = (self.now() - REPLAYS_KEPT).as_microsecond();
        let pruned = store::write!(self.db(), transaction => {
            replay::prune(transaction, before).await
        })?;
        if pruned > 0 {
            tracing::debug!(pruned, "forgot the answers to old requests");
        }
        Ok(())
    }
}
