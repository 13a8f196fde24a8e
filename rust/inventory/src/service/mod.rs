//! The use cases of Inventory: reading, searching and importing books, and changing stock.

mod background;
mod import;
mod reserve;
mod stock;
mod watch;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contract::bookstore::inventory::v1::BookCategory;
use jiff::Timestamp;
use store::Db;

use crate::{
    Book, BookId, Clock, InventoryError, SystemClock,
    page_token::{self, ListPosition, TokenScope},
    store as rows, text_normalization,
};
use watch::Watchers;

/// The options of the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The clock by which reservations expire.
    pub clock: Arc<dyn Clock>,
    /// How often the task of [`Inventory::run_in_background`] runs: how late watchers see
    /// that a reservation has expired or that another process has changed the stock.
    pub sweep_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            sweep_interval: Duration::from_secs(1),
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
    watchers: Arc<Watchers>,
    /// The cached counts of the categories. Counting a large catalogue takes time, and
    /// services that keep a copy of it ask every few seconds.
    categories: Mutex<Option<Arc<Categories>>>,
}

/// The categories that have books, and their numbers of books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    pub(crate) counts: Vec<(BookCategory, i32)>,
    /// The catalogue revision of these counts. It increases with every change.
    pub(crate) revision: i64,
}

/// One page of a list of books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The books of this page.
    pub books: Vec<Book>,
    /// The token of the next page; empty on the last page.
    pub next_page_token: String,
}

impl Inventory {
    /// Creates the service with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA).
    pub fn new(db: Db, options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                options,
                watchers: Arc::default(),
                categories: Mutex::default(),
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
        let found = store::read!(self.db(), connection => {
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
        let found = store::read!(self.db(), connection => {
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
    ) -> Result<Page, InventoryError> {
        let scope = TokenScope::List {
            category: category_number(category),
        };
        let after = ListPosition::decode(page_token, scope)?;
        let limit = i64::from(page_size) + 1;
        let books = store::read!(self.db(), connection => {
            rows::books::page(connection, category, &after, limit).await
        })?;
        Ok(Page::from_books(books, page_size, |last| {
            let position = ListPosition {
                sort_title: text_normalization::sort_key(&last.title),
                book_id: last.book_id,
            };
            position.encode(scope)
        }))
    }

    /// A page of the books that contain all words of a query, best match first.
    pub(crate) async fn search(
        &self,
        query: &str,
        category: Option<BookCategory>,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page, InventoryError> {
        let scope = TokenScope::Search {
            category: category_number(category),
            words: query,
        };
        let offset = page_token::decode_offset(page_token, scope)?;
        let query_words = text_normalization::query_words(query);
        let limit = i64::from(page_size) + 1;
        let books = store::read!(self.db(), connection => {
            rows::search::find(connection, &query_words, category, limit, offset.into()).await
        })?;
        Ok(Page::from_books(books, page_size, |_| {
            page_token::encode_offset(offset.saturating_add(page_size), scope)
        }))
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

impl Page {
    /// Makes a page of at most `page_size` books. `books` has one book more if another page
    /// follows.
    fn from_books(
        mut books: Vec<Book>,
        page_size: u32,
        token_after: impl Fn(&Book) -> String,
    ) -> Self {
        let size = page_size as usize;
        let more = books.len() > size;
        books.truncate(size);
        let next_page_token = match books.last() {
            Some(last) if more => token_after(last),
            _ => String::new(),
        };
        Self {
            books,
            next_page_token,
        }
    }
}

fn category_number(category: Option<BookCategory>) -> i32 {
    category.map_or(0, |category| category as i32)
}

fn ids_to_i64(book_ids: &[BookId]) -> Vec<i64> {
    book_ids.iter().map(|book_id| book_id.0.into()).collect()
}
