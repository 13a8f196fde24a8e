//! The use cases of Inventory: reading, searching and importing books, and changing stock.

mod background;
mod import;
mod remove;
mod reserve;
mod search;
mod stock;
mod watch;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use service::{
    BookCategory, BookId, Clock, IdSource, Page, PageScope, SystemClock, UuidV7Ids, Watchers,
};
use store::Db;
use tokio::sync::Semaphore;

use crate::{
    Book, InventoryError,
    search::{SearchIndex, Writer},
    store as rows,
};
pub use remove::Removal;
pub(crate) use search::{BookSearch, FoundBooks};

/// The version of the page tokens. Must be changed together with the sort order of a list or
/// the type of its position.
const TOKEN_VERSION: u8 = 3;

/// The options of the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The clock by which reservations expire.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of reservations.
    pub ids: Arc<dyn IdSource>,
    /// How often the task of [`Inventory::run_in_background`] runs: how late watchers see
    /// that a reservation has expired, or a change by another process whose notification was
    /// lost.
    pub sweep_interval: Duration,
    /// The folder of the search index. Processes that run at the same time need folders of their
    /// own; one that finds the folder in use keeps its index in memory, as it does if there is
    /// none.
    pub search_folder: Option<PathBuf>,
    /// How long a search waits for an index that is being made and does not have all books yet,
    /// before it is refused.
    pub index_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            sweep_interval: Duration::from_secs(1),
            search_folder: None,
            index_wait: Duration::from_secs(5),
        }
    }
}

/// The service. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Inventory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    options: Options,
    watchers: Watchers<BookId>,
    /// The cached counts of the categories. Counting a large catalogue takes time, and
    /// services that keep a copy of it ask every few seconds.
    categories: Mutex<Option<Arc<Categories>>>,
    search_index: SearchIndex,
    /// What changes the search index; `None` until it is opened.
    search_writer: Arc<tokio::sync::Mutex<Option<Writer>>>,
    /// One permit for each search that may run at the same time.
    search_permits: Arc<Semaphore>,
}

/// The categories that have books, and their numbers of books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    pub(crate) counts: Vec<(BookCategory, i32)>,
    /// The catalogue revision of these counts. It increases with every change.
    pub(crate) revision: i64,
}

impl Inventory {
    /// Creates the service with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA).
    pub fn new(db: Db, options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                options,
                watchers: Watchers::default(),
                categories: Mutex::default(),
                search_index: SearchIndex::default(),
                search_writer: Arc::default(),
                search_permits: Arc::new(Semaphore::new(
                    std::thread::available_parallelism().map_or(1, usize::from),
                )),
            }),
        }
    }

    /// The database of the service, for health checks and for closing it.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    pub(crate) async fn book(&self, book_id: BookId) -> Result<Book, InventoryError> {
        let found = store::read_stale!(self.db(), connection => {
            rows::books::by_ids(connection, &[book_id.0.into()]).await
        })?;
        found
            .into_iter()
            .next()
            .ok_or(InventoryError::BookNotFound(book_id))
    }

    /// The books that exist, in the order of `book_ids`, and the ids that no book has.
    pub(crate) async fn books(
        &self,
        book_ids: &[BookId],
    ) -> Result<(Vec<Book>, Vec<BookId>), InventoryError> {
        let ids = ids_to_i64(book_ids);
        let found = store::read_stale!(self.db(), connection => {
            rows::books::by_ids(connection, &ids).await
        })?;
        let mut by_id: HashMap<_, _> = found.into_iter().map(|book| (book.book_id, book)).collect();
        let mut books = Vec::with_capacity(by_id.len());
        let mut missing = Vec::new();
        for book_id in book_ids {
            match by_id.remove(book_id) {
                Some(book) => books.push(book),
                None => missing.push(*book_id),
            }
        }
        Ok((books, missing))
    }

    /// A page of the books of a category, or of all categories, sorted by title.
    pub(crate) async fn list(
        &self,
        category: Option<BookCategory>,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Book>, InventoryError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListBooks")
            .with(category_number(category).to_be_bytes());
        // The next page starts after the title and the id of the last book.
        let (sort_title, book_id): (String, i32) = scope.decode(page_token)?.unwrap_or_default();
        let limit = i64::from(page_size) + 1;
        let books = store::read_stale!(self.db(), connection => {
            rows::books::page(connection, category, (&sort_title, BookId(book_id)), limit).await
        })?;
        Page::from_items(books, page_size, |last| {
            let sort_title = text_normalization::sort_key(&last.title);
            Ok(scope.encode(&(sort_title, last.book_id.0))?)
        })
    }

    /// The categories that have at least one book, in the order of the enum numbers.
    pub(crate) async fn categories(&self) -> Result<Arc<Categories>, InventoryError> {
        let cached = || {
            self.inner
                .categories
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let previous = cached().clone();
        let current = store::read!(self.db(), connection => {
            // Read the revision before the counts. If the catalogue changes in between,
            // newer counts are cached with the old revision, and the next call replaces
            // them.
            let revision = rows::books::revision(connection).await?;
            match previous {
                Some(previous) if previous.revision == revision => {
                    Ok::<_, InventoryError>(previous)
                }
                _ => {
                    let counts = rows::books::count_by_category(connection).await?;
                    Ok(Arc::new(Categories { counts, revision }))
                }
            }
        })?;
        *cached() = Some(Arc::clone(&current));
        Ok(current)
    }
}

fn category_number(category: Option<BookCategory>) -> i32 {
    category.map_or(0, BookCategory::number)
}

fn ids_to_i64(book_ids: &[BookId]) -> Vec<i64> {
    book_ids.iter().map(|book_id| book_id.0.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_page_token_fits_the_contract() {
        let longest = ("x".repeat(text_normalization::MAX_SORT_KEY_BYTES), i32::MAX);
        let token = PageScope::new(TOKEN_VERSION, "ListBooks").encode(&longest);
        assert!(token.expect("the position is JSON").len() <= 500);
    }
}
