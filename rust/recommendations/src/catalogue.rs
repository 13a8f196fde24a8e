//! The in-memory copy of the catalogue from which books are sampled.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use contract::bookstore::inventory::v1::{Book, BookCategory};
use service::BookId;
use tokio::{sync::watch, time};

use crate::Error;

/// The part of a book that this service needs. Cloning does not copy the title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSummary {
    /// The id of the book.
    pub book_id: BookId,
    /// The title as printed on the book.
    pub title: Arc<str>,
}

/// The catalogue at one revision: the books of each category. No book occurs twice, so
/// that a sample has no duplicates.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    by_category: BTreeMap<BookCategory, Vec<BookSummary>>,
    seen: HashSet<BookId>,
}

impl Snapshot {
    /// Adds a book to its category.
    ///
    /// If the catalogue changes while its pages are listed, a book may be on two pages;
    /// the second one is ignored. A book of a category that this build does not know is
    /// left out, because no request can ask for that category.
    pub(crate) fn add(&mut self, book: Book) {
        let book_id = BookId(book.book_id);
        match BookCategory::try_from(book.category) {
            Ok(BookCategory::Unspecified) | Err(_) => {
                tracing::warn!(
                    book_id = book.book_id,
                    category = book.category,
                    "left out a book of an unknown category"
                );
            }
            Ok(category) if self.seen.insert(book_id) => {
                self.by_category
                    .entry(category)
                    .or_default()
                    .push(BookSummary {
                        book_id,
                        title: book.title.into(),
                    });
            }
            Ok(_) => {}
        }
    }

    /// The books of a category.
    pub(crate) fn books_in(&self, category: BookCategory) -> &[BookSummary] {
        self.by_category.get(&category).map_or(&[], Vec::as_slice)
    }

    /// The number of books in all categories.
    pub(crate) fn book_count(&self) -> usize {
        self.seen.len()
    }
}

/// The newest snapshot, as soon as there is one.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    newest: watch::Receiver<Option<Arc<Snapshot>>>,
    first_load_wait: Duration,
}

/// The sending side, where the refresh task publishes snapshots.
pub(crate) type Publisher = Arc<watch::Sender<Option<Arc<Snapshot>>>>;

impl Catalogue {
    /// A catalogue without a snapshot. [`Catalogue::snapshot`] waits at most
    /// `first_load_wait` for the first one.
    pub(crate) fn empty(first_load_wait: Duration) -> (Publisher, Catalogue) {
        let (publisher, newest) = watch::channel(None);
        let catalogue = Catalogue {
            newest,
            first_load_wait,
        };
        (Arc::new(publisher), catalogue)
    }

    /// The newest snapshot. It waits for the first one, because the load right after the
    /// start takes only milliseconds.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        if let Some(snapshot) = self.newest.borrow().as_ref() {
            return Ok(Arc::clone(snapshot));
        }
        let mut newest = self.newest.clone();
        let loaded = time::timeout(self.first_load_wait, newest.wait_for(Option::is_some)).await;
        match loaded {
            Ok(Ok(snapshot)) => snapshot.clone().ok_or(Error::CatalogueUnavailable),
            Ok(Err(_)) | Err(_) => Err(Error::CatalogueUnavailable),
        }
    }
}
