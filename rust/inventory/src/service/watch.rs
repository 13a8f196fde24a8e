//! Streams of stock changes.
//!
//! A stream reads the levels from the database when its client is ready for more, so a slow
//! client gets only the newest levels: see [`Watchers`](service::Watchers).

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use futures::{Stream, stream};
use service::{BookId, Subscription};

use crate::{Inventory, InventoryError, StockLevel};

/// The minimum time between two reads of a stream. The stock of a bestseller may change a
/// thousand times a second, which no client needs to see.
const MIN_READ_INTERVAL: Duration = Duration::from_millis(20);

/// The state of one stream.
struct WatchState {
    inventory: Inventory,
    subscription: Subscription<BookId>,
    /// Levels that were read and not sent yet.
    pending: VecDeque<StockLevel>,
    last_sent: HashMap<BookId, StockLevel>,
}

impl Inventory {
    /// A stream of the levels of some books: first the current levels, then every change.
    /// It ends only with an error.
    pub(crate) async fn watch(
        &self,
        book_ids: &[BookId],
    ) -> Result<impl Stream<Item = Result<StockLevel, InventoryError>> + Send + use<>, InventoryError>
    {
        // Subscribe before reading the levels, so that no change in between is missed.
        let subscription = self.inner.watchers.subscribe(book_ids);
        let levels = self.levels(book_ids).await?;
        if let Some(missing) = missing(book_ids, &levels) {
            return Err(InventoryError::BookNotFound(missing));
        }
        let watch = WatchState {
            inventory: self.clone(),
            subscription,
            last_sent: levels.iter().map(|level| (level.book_id, *level)).collect(),
            pending: levels.into(),
        };
        Ok(stream::try_unfold(watch, |mut watch| async {
            let level = watch.next().await?;
            Ok(Some((level, watch)))
        }))
    }
}

#[cfg(test)]
impl Inventory {
    /// The subscriptions to changes of the stock.
    pub(crate) fn watchers(&self) -> &service::Watchers<BookId> {
        &self.inner.watchers
    }
}

impl WatchState {
    async fn next(&mut self) -> Result<StockLevel, InventoryError> {
        loop {
            if let Some(level) = self.pending.pop_front() {
                return Ok(level);
            }
            tokio::time::sleep(MIN_READ_INTERVAL).await;
            let changed = self.subscription.next_changes().await;
            for level in self.inventory.levels(&changed).await? {
                if self.last_sent.insert(level.book_id, level) != Some(level) {
                    self.pending.push_back(level);
                }
            }
        }
    }
}

fn missing(book_ids: &[BookId], levels: &[StockLevel]) -> Option<BookId> {
    let found: BTreeSet<_> = levels.iter().map(|level| level.book_id).collect();
    book_ids
        .iter()
        .copied()
        .find(|book_id| !found.contains(book_id))
}
