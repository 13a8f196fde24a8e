//! The copy of the catalogue from which the service draws.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use contract::bookstore::inventory::v1::{Book, BookCategory};
use tokio::{sync::watch, time};

use crate::Error;

/// The number of a book in Inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BookId(pub i32);

/// A book as this service knows it. Cloning copies no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The number of the book.
    pub book_id: BookId,
    /// The title, as printed.
    pub title: Arc<str>,
}

/// The catalogue at one revision: the books of each category. A book stands in it
/// once at most, or a sample could name it twice.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    shelves: BTreeMap<BookCategory, Vec<Volume>>,
    seen: HashSet<BookId>,
}

impl Snapshot {
    /// Puts a book on the shelf of its category.
    ///
    /// Pages of a catalogue that changes while it is listed may show a book twice:
    /// the first sight counts. A category that this build does not know has no
    /// shelf that anybody could ask for.
    pub(crate) fn add(&mut self, book: Book) {
        let book_id = BookId(book.book_id);
        match BookCategory::try_from(book.category) {
            Ok(BookCategory::Unspecified) | Err(_) => {
                tracing::warn!(
                    book_id = book.book_id,
                    category = book.category,
                    "left out a book of a category that is not known here"
                );
            }
            Ok(category) if self.seen.insert(book_id) => {
                self.shelves.entry(category).or_default().push(Volume {
                    book_id,
                    title: book.title.into(),
                });
            }
            Ok(_) => {}
        }
    }

    /// The books of a category, none if it holds none.
    pub(crate) fn shelf(&self, category: BookCategory) -> &[Volume] {
        self.shelves.get(&category).map_or(&[], Vec::as_slice)
    }

    /// How many books there are in all categories.
    pub(crate) fn book_count(&self) -> usize {
        self.seen.len()
    }
}

/// The newest snapshot, once there is one.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    newest: watch::Receiver<Option<Arc<Snapshot>>>,
    first_load_wait: Duration,
}

/// Where the refreshing task puts what it has read.
pub(crate) type Publisher = watch::Sender<Option<Arc<Snapshot>>>;

impl Catalogue {
    /// An empty place for snapshots. Whoever asks while it is empty waits for
    /// `first_load_wait` at most.
    pub(crate) fn empty(first_load_wait: Duration) -> (Publisher, Catalogue) {
        let (publisher, newest) = watch::channel(None);
        let catalogue = Catalogue {
            newest,
            first_load_wait,
        };
        (publisher, catalogue)
    }

    /// The newest snapshot. Waits a little for the first one: right after a start
    /// the load takes milliseconds, and a caller need not see that.
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
