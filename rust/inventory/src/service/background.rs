//! The background tasks: expire reservations, notify watchers, update the search index and prune
//! old requests.

use std::{collections::HashMap, sync::Arc};

use service::{BookId, PeriodicTask, PruneIdempotencyKeys};
use store::Changes;
use tokio_util::task::AbortOnDropHandle;

use crate::{Inventory, InventoryError, StockLevel};

/// How many watched books one query reads.
const POLL_BATCH_SIZE: usize = 1000;

/// The channel on which the processes that share a database tell each other which books have
/// new stock levels.
const STOCK_CHANNEL: &str = "stock";

/// The task of the stock, and what it keeps between two runs.
struct Sweep {
    inventory: Inventory,
    /// The levels of the watched books in the previous poll.
    last_levels: HashMap<BookId, StockLevel>,
}

impl PeriodicTask for Sweep {
    const NAME: &'static str = "expire reservations and notify watchers";

    type Error = InventoryError;

    async fn run(&mut self) -> Result<(), InventoryError> {
        self.inventory.sweep().await?;
        self.inventory.poll_watched(&mut self.last_levels).await
    }
}

/// The task that keeps the search index up to date.
struct FollowCatalogue(Inventory);

impl PeriodicTask for FollowCatalogue {
    const NAME: &'static str = "update the search index";

    type Error = InventoryError;

    async fn run(&mut self) -> Result<(), InventoryError> {
        self.0.follow_catalogue().await
    }
}

impl Inventory {
    /// Starts the tasks that release the copies of expired reservations, notify watchers of
    /// changes by other processes, update the search index, and delete the responses of old
    /// requests. They end when the handle is dropped.
    ///
    /// Without these tasks all responses are correct, but watchers do not see expiries and
    /// changes by other processes, and searches do not find what other processes import. Must be called within a tokio runtime.
    #[must_use = "the tasks end when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let sweep = Sweep {
            inventory: self.clone(),
            last_levels: HashMap::new(),
        };
        let options = &self.inner.options;
        let prune = PruneIdempotencyKeys::new(self.db().clone(), Arc::clone(&options.clock));
        service::run_together([
            service::run_periodically(options.sweep_interval, sweep),
            service::run_periodically(PruneIdempotencyKeys::INTERVAL, prune),
            service::run_periodically(options.sweep_interval, FollowCatalogue(self.clone())),
            self.forward_in_background(),
        ])
    }

    /// Releases the copies of reservations whose time is over.
    pub(crate) async fn sweep(&self) -> Result<(), InventoryError> {
        self.shorten_reservations_of_the_future().await?;
        self.expire_due_reservations().await
    }

    /// Tells the watchers of this process and of the others that stock levels changed. Call it
    /// after the commit.
    pub(super) fn stock_changed(&self, book_ids: &[BookId]) {
        self.inner.watchers.notify(book_ids);
        let ids = book_ids.iter().map(|book_id| book_id.0);
        self.db().notify(STOCK_CHANNEL, ids);
    }

    /// Starts the task that tells the watchers of this process what other processes change.
    pub(crate) fn forward_in_background(&self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.clone().forward_notifications()))
    }

    async fn forward_notifications(self) {
        let watchers = &self.inner.watchers;
        let listener = self.db().listen_to_others(STOCK_CHANNEL);
        loop {
            let book_ids = match listener.next().await {
                Changes::Keys(ids) => ids
                    .iter()
                    .filter_map(|id| id.parse().ok().map(BookId))
                    .collect(),
                Changes::All => watchers.watched(),
            };
            watchers.notify(&book_ids);
        }
    }

    /// Finds changes by other processes whose notification was lost: compares the levels of the watched books with
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
}
