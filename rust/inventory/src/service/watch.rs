//! Telling watchers of the stock.
//!
//! A watcher has a set of books that changed since it looked last. Whoever changes stock
//! adds to the sets of those who watch it, after the commit; the watcher reads the
//! levels from the database when its reader is ready for more. So a slow reader costs a
//! set of at most as many books as it watches, and sees the newest levels only.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{Stream, stream};
use tokio::sync::Notify;

use crate::{BookId, Inventory, InventoryError, Level};

/// How long a watcher rests between two reads: a bestseller changes a thousand times a
/// second, and nobody reads that fast.
const REST: Duration = Duration::from_millis(20);

/// All who watch, by book.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    by_book: Mutex<HashMap<BookId, Vec<Arc<Changes>>>>,
}

/// What changed for one watcher.
#[derive(Debug, Default)]
struct Changes {
    books: Mutex<BTreeSet<BookId>>,
    wake: Notify,
}

/// The place of one watcher; it is given up when this is dropped.
#[derive(Debug)]
struct Place {
    watchers: Arc<Watchers>,
    book_ids: Vec<BookId>,
    changes: Arc<Changes>,
}

impl Watchers {
    /// Tells those who watch these books that their stock may have changed.
    pub(super) fn changed(&self, book_ids: &[BookId]) {
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

    /// The books that anybody watches.
    pub(super) fn watched(&self) -> Vec<BookId> {
        lock(&self.by_book).keys().copied().collect()
    }

    fn join(watchers: &Arc<Self>, book_ids: &[BookId]) -> Place {
        let changes = Arc::new(Changes::default());
        let mut by_book = lock(&watchers.by_book);
        for book_id in book_ids {
            by_book
                .entry(*book_id)
                .or_default()
                .push(Arc::clone(&changes));
        }
        Place {
            watchers: Arc::clone(watchers),
            book_ids: book_ids.to_vec(),
            changes,
        }
    }
}

impl Drop for Place {
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

impl Place {
    /// Waits for changes and takes them.
    async fn changes(&self) -> Vec<BookId> {
        loop {
            let changed = std::mem::take(&mut *lock(&self.changes.books));
            if !changed.is_empty() {
                return changed.into_iter().collect();
            }
            // A wake-up that comes between the look and the wait is kept.
            self.changes.wake.notified().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change under these locks is one step: nothing is ever half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One who watches.
struct Watch {
    inventory: Inventory,
    place: Place,
    /// What was read and not told yet.
    pending: VecDeque<Level>,
    told: HashMap<BookId, Level>,
}

impl Inventory {
    /// The levels of some books: first as they are, then whenever they change. It ends
    /// only with an error of the database.
    pub(crate) async fn watch(
        &self,
        book_ids: &[BookId],
    ) -> Result<impl Stream<Item = Result<Level, InventoryError>> + Send + use<>, InventoryError>
    {
        // First the place, then the levels: a change in between is told twice at most.
        let place = Watchers::join(&self.inner.watchers, book_ids);
        let levels = self.levels(book_ids).await?;
        if let Some(missing) = missing(book_ids, &levels) {
            return Err(InventoryError::BookNotFound(missing));
        }
        let watch = Watch {
            inventory: self.clone(),
            place,
            told: levels.iter().map(|level| (level.book_id, *level)).collect(),
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
    /// How many books anybody watches.
    pub(crate) fn watched_books(&self) -> usize {
        self.inner.watchers.watched().len()
    }
}

impl Watch {
    async fn next(&mut self) -> Result<Level, InventoryError> {
        loop {
            if let Some(level) = self.pending.pop_front() {
                return Ok(level);
            }
            tokio::time::sleep(REST).await;
            let changed = self.place.changes().await;
            for level in self.inventory.levels(&changed).await? {
                if self.told.insert(level.book_id, level) != Some(level) {
                    self.pending.push_back(level);
                }
            }
        }
    }
}

fn missing(book_ids: &[BookId], levels: &[Level]) -> Option<BookId> {
    let found: BTreeSet<_> = levels.iter().map(|level| level.book_id).collect();
    book_ids
        .iter()
        .copied()
        .find(|book_id| !found.contains(book_id))
}
