//! The domain: what the shop knows of its books and how it keeps its stock.

mod background;
mod intake;
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
    page::{self, After, Query},
    store as rows, words,
};
use watch::Watchers;

/// How the service runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time by which reservations expire.
    pub clock: Arc<dyn Clock>,
    /// The pause between two sweeps by [`Inventory::run_in_background`]: how late the
    /// copies of an expired reservation may come back where nobody asks for them, and
    /// how late a change by another process is seen by those who watch.
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

/// The service; clones are the same one.
#[derive(Debug, Clone)]
pub struct Inventory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    options: Options,
    watchers: Arc<Watchers>,
    /// The counts of the categories as of a revision: counting a large catalogue takes
    /// time, and whoever keeps a copy of it asks every few seconds.
    categories: Mutex<Option<Arc<Categories>>>,
}

/// The categories that hold books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    pub(crate) counts: Vec<(BookCategory, i32)>,
    /// Grows with every change of the catalogue.
    pub(crate) revision: i64,
}

/// Some books of a list, and how to get the next ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The books.
    pub books: Vec<Book>,
    /// The token of the next page; empty on the last.
    pub next_page_token: String,
}

impl Inventory {
    /// The service over its database, opened with [`SCHEMA`](crate::SCHEMA).
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

    /// Its database, for health checks.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    pub(crate) async fn book(&self, book_id: BookId) -> Result<Book, InventoryError> {
        let found = store::read!(self.db(), connection => {
            rows::books::by_number(connection, &[book_id.0.into()]).await
        })?;
        found
            .into_iter()
            .next()
            .ok_or(InventoryError::BookNotFound(book_id))
    }

    /// Those of the books that exist, in the order of the numbers, and the numbers that
    /// no book has.
    pub(crate) async fn books(
        &self,
        book_ids: &[BookId],
    ) -> Result<(Vec<Book>, Vec<BookId>), InventoryError> {
        let numbers = numbers(book_ids);
        let found = store::read!(self.db(), connection => {
            rows::books::by_number(connection, &numbers).await
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

    /// A page of the books of a category, or of all, by title.
    pub(crate) async fn list(
        &self,
        category: Option<BookCategory>,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page, InventoryError> {
        let bound_to = Query::List {
            category: category_number(category),
        };
        let after = After::open(page_token, bound_to)?;
        let limit = i64::from(page_size) + 1;
        let books = store::read!(self.db(), connection => {
            rows::books::page(connection, category, &after, limit).await
        })?;
        Ok(Page::of(books, page_size, |last| {
            let position = After {
                sort_title: words::sort_key(&last.title),
                book_id: last.book_id,
            };
            position.token(bound_to)
        }))
    }

    /// A page of the books with all words of a query, best match first.
    pub(crate) async fn search(
        &self,
        query: &str,
        category: Option<BookCategory>,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page, InventoryError> {
        let bound_to = Query::Search {
            category: category_number(category),
            words: query,
        };
        let offset = page::open_offset(page_token, bound_to)?;
        let query_words = words::of_query(query);
        let limit = i64::from(page_size) + 1;
        let books = store::read!(self.db(), connection => {
            rows::search::find(connection, &query_words, category, limit, offset.into()).await
        })?;
        Ok(Page::of(books, page_size, |_| {
            page::offset_token(offset.saturating_add(page_size), bound_to)
        }))
    }

    /// The categories with at least one book, in the order of their numbers.
    pub(crate) async fn categories(&self) -> Result<Arc<Categories>, InventoryError> {
        let cached = || {
            self.inner
                .categories
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let known = cached().clone();
        let read = store::read!(self.db(), connection => {
            // First the revision, then the books: if they change in between, the old
            // revision goes with newer counts, and the next caller reads both anew.
            let revision = rows::books::revision(connection).await?;
            match known {
                Some(known) if known.revision == revision => Ok::<_, InventoryError>(known),
                _ => {
                    let counts = rows::books::count_by_category(connection).await?;
                    Ok(Arc::new(Categories { counts, revision }))
                }
            }
        })?;
        *cached() = Some(Arc::clone(&read));
        Ok(read)
    }
}

impl Page {
    /// Makes a page of one book more than fits, if there is one more.
    fn of(mut books: Vec<Book>, page_size: u32, token_after: impl Fn(&Book) -> String) -> Self {
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

fn numbers(book_ids: &[BookId]) -> Vec<i64> {
    book_ids.iter().map(|book_id| book_id.0.into()).collect()
}
