//! Streams of stock changes.
//!
//! Each subscription has a set of the books that changed since its last read. A change of
//! stock adds the book to these sets after the commit. The stream reads the levels from
//! the database when its client is ready for more. So a slow client needs memory only for
//! the books that it watches, and it gets only the newest levels.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{Stream, stream};
use tokio::sync::Notify;

use crate::{BookId, Inventory, InventoryError, StockLevel};

/// The minimum time between two reads of a stream. The stock of a bestseller may change a
/// thousand times a second, which no client needs to see.
const MIN_READ_INTERVAL: Duration = Duration::from_millis(20);

/// All subscriptions, by book.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    by_book: Mutex<HashMap<BookId, Vec<Arc<PendingChanges>>>>,
}

/// The books that changed for one subscription since its last read.
#[derive(Debug, Default)]
struct PendingChanges {
    books: Mutex<BTreeSet<BookId>>,
    wake: Notify,
}

/// A subscription to the changes of some books. Dropping it ends the subscription.
#[derive(Debug)]
struct Subscription {
    watchers: Arc<Watchers>,
    book_ids: Vec<BookId>,
    changes: Arc<PendingChanges>,
}

impl Watchers {
    /// Notifies the subscriptions to these books that the stock may have changed.
    pub(super) fn notify(&self, book_ids: &[BookId]) {
        let by_book = lock(&self.by_book);
        if by_book.is_empty() {
            return;
        }
        for book_id in book_ids {
            for changes in by_book.get(book_id).into_iter().flatten() {
                lock(&changes.books).insert(*book_id);
                changes.wake.notify_one();
            }
        }
    }

    /// The books that have subscriptions.
    pub(super) fn watched(&self) -> Vec<BookId> {
        lock(&self.by_book).keys().copied().collect()
    }

    fn subscribe(watchers: &Arc<Self>, book_ids: &[BookId]) -> Subscription {
        let changes = Arc::new(PendingChanges::default());
        let mut by_book = lock(&watchers.by_book);
        for book_id in book_ids {
            by_book
                .entry(*book_id)
                .or_default()
                .push(Arc::clone(&changes));
        }
        Subscription {
            watchers: Arc::clone(watchers),
            book_ids: book_ids.to_vec(),
            changes,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut by_book = lock(&self.watchers.by_book);
        for book_id in &self.book_ids {
            let Some(watchers) = by_book.get_mut(book_id) else {
                continue;
            };
            watchers.retain(|changes| !Arc::ptr_eq(changes, &self.changes));
            if watchers.is_empty() {
                by_book.remove(book_id);
            }
        }
    }
}

impl Subscription {
    /// Waits until there are changes, and takes them.
    async fn next_changes(&self) -> Vec<BookId> {
        loop {
            let changed = std::mem::take(&mut *lock(&self.changes.books));
            if !changed.is_empty() {
                return changed.into_iter().collect();
            }
            // `Notify` keeps a wake-up that arrives between the check and this wait.
            self.changes.wake.notified().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave these values half changed, so poisoning is ignored.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of one stream.
struct WatchState {
    inventory: Inventory,
    subscription: Subscription,
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
        let subscription = Watchers::subscribe(&self.inner.watchers, book_ids);
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
    /// The number of books that have subscriptions.
    pub(crate) fn watched_books(&self) -> usize {
        self.inner.watchers.watched().len()
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
