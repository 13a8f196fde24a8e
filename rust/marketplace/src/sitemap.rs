//! The pages of all books, authors and series, for the sitemap.
//!
//! Anybody may ask for the sitemap, so its cost does not depend on how often that happens: the
//! catalogue is read once, by one task at a time, and the pages are kept. After [`MAX_AGE`] they
//! are read again if the catalogue has changed since; until that is done, the old ones are used.
//! A million books take 4 MB, and a hundred thousand authors about as much.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use contract::bookstore::inventory::v1::BookCategory;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    deadline::{Deadline, Failure},
    options::Clients,
    pages::book_list::BookList,
};

/// How long the pages are used without asking whether the catalogue has changed.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// The time limit of each call that reads books. No visitor waits for them.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The number of books that one call reads, the most that the contract allows.
const BOOKS_PER_CALL: i32 = 200;

/// The pages that the catalogue has, in an order in which most of them keep their place in the
/// sitemap when others are added.
#[derive(Clone, Debug, Default)]
pub(crate) struct CataloguePages {
    /// The ids of all books.
    pub books: Arc<[i32]>,
    /// The paths of the pages of all authors.
    pub authors: Arc<[String]>,
    /// The paths of the pages of all series.
    pub series: Arc<[String]>,
}

/// The pages as they were read.
#[derive(Debug)]
pub(crate) struct ReadPages {
    pub pages: CataloguePages,
    /// The revision of the catalogue before they were read.
    pub revision: i64,
    /// When it was last known that they belong to the newest revision.
    checked: Instant,
}

/// Reads and keeps the pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct CataloguePagesCache {
    current: Arc<RwLock<Option<Arc<ReadPages>>>>,
    /// Held by the task that reads.
    turn: Arc<Mutex<()>>,
}

impl CataloguePagesCache {
    /// The pages. If there are none yet, waits until they are read, but not longer than `patience`;
    /// they are read on in any case.
    pub async fn get(&self, clients: &Clients, patience: Duration) -> Option<Arc<ReadPages>> {
        let known = self.current();
        if known
            .as_ref()
            .is_some_and(|known| known.checked.elapsed() < MAX_AGE)
        {
            return known;
        }
        if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            let (cache, clients) = (self.clone(), clients.clone());
            tokio::spawn(async move {
                if let Err(failure) = cache.refresh(&clients).await {
                    tracing::warn!(?failure, "the books of the sitemap were not read");
                }
                drop(turn);
            });
        }
        if known.is_some() {
            return known;
        }
        let waiting = tokio::time::timeout(patience, self.turn.lock());
        drop(waiting.await.ok()?);
        self.current()
    }

    fn current(&self) -> Option<Arc<ReadPages>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    async fn refresh(&self, clients: &Clients) -> Result<(), Failure> {
        let checked = Instant::now();
        let revision = clients
            .catalogue_revision(Deadline::after(CALL_TIMEOUT))
            .await?;
        let known = self.current();
        let pages = match known.filter(|known| known.revision == revision) {
            Some(known) => known.pages.clone(),
            None => read_all(clients).await?,
        };
        let current = Arc::new(ReadPages {
            pages,
            revision,
            checked,
        });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current);
        Ok(())
    }
}

async fn read_all(clients: &Clients) -> Result<CataloguePages, Failure> {
    let mut books = BTreeSet::new();
    let mut authors = BTreeSet::new();
    let mut series = BTreeSet::new();
    let mut token = String::new();
    loop {
        let deadline = Deadline::after(CALL_TIMEOUT);
        let all = BookCategory::Unspecified;
        let page = clients.list(deadline, all, BOOKS_PER_CALL, token).await?;
        // A book whose title changes meanwhile is listed twice.
        books.extend(page.books.iter().map(|book| book.book_id));
        for (list, paths) in [
            (BookList::Author, &mut authors),
            (BookList::Series, &mut series),
        ] {
            let names = page.books.iter().flat_map(|book| list.names(book));
            paths.extend(names.filter_map(|name| list.path(name)));
        }
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    Ok(CataloguePages {
        books: books.into_iter().collect(),
        authors: authors.into_iter().collect(),
        series: series.into_iter().collect(),
    })
}
