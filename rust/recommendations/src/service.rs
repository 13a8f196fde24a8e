//! Recommending books: the domain, which knows nothing of how it is called.

use std::{collections::HashSet, sync::Arc, time::Duration};

use contract::bookstore::inventory::v1::BookCategory;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::{
    Error,
    catalogue::{BookId, Catalogue, Volume},
    draw::{Chance, draw},
    refresh,
};

/// How the service runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The pause between two polls of Inventory's revision: how long a change of
    /// the catalogue may take to be seen here.
    pub refresh: Duration,
    /// How long a request may wait for the first load of the catalogue.
    pub first_load_wait: Duration,
    /// Makes the draws reproducible: the same seed, the same catalogue and the
    /// same sequence of requests give the same answers. For tests.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(2),
            first_load_wait: Duration::from_millis(500),
            seed: None,
        }
    }
}

/// Knows which books a reader has bought.
pub trait Owned: Send + Sync + 'static {
    /// The books of this reader. Who cannot tell answers none: a recommendation of
    /// a book that one has is better than no recommendation.
    fn books_of(&self, reader: Uuid) -> impl Future<Output = HashSet<BookId>> + Send;
}

/// Nobody owns a book: there are no orders yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingOwned;

impl Owned for NothingOwned {
    async fn books_of(&self, _reader: Uuid) -> HashSet<BookId> {
        HashSet::new()
    }
}

/// Draws books of the catalogue. Clones share the catalogue; when the last one is
/// dropped, the task that refreshes it ends.
#[derive(Debug)]
pub struct Recommendations<O = NothingOwned> {
    inner: Arc<Inner<O>>,
}

#[derive(Debug)]
struct Inner<O> {
    catalogue: Catalogue,
    chance: Chance,
    owned: O,
    _refresh: AbortOnDropHandle<()>,
}

impl<O> Clone for Recommendations<O> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl Recommendations {
    /// Starts to read the catalogue from Inventory, in the background, and returns
    /// at once. Must be called within a tokio runtime.
    pub fn start(inventory: rpc::Channel, options: &Options) -> Self {
        Self::start_with(inventory, options, NothingOwned)
    }
}

impl<O: Owned> Recommendations<O> {
    /// Like [`Recommendations::start`], with someone who knows what readers own.
    pub fn start_with(inventory: rpc::Channel, options: &Options, owned: O) -> Self {
        let (publisher, catalogue) = Catalogue::empty(options.first_load_wait);
        let task = tokio::spawn(refresh::keep_fresh(inventory, publisher, options.refresh));
        Self {
            inner: Arc::new(Inner {
                catalogue,
                chance: Chance::new(options.seed),
                owned,
                _refresh: AbortOnDropHandle::new(task),
            }),
        }
    }

    /// Draws at most `at_most` books of a category, no book twice and none that
    /// the reader owns; fewer where the category holds fewer.
    ///
    /// # Errors
    /// [`Error::CatalogueUnavailable`] as long as the catalogue was never read.
    pub async fn recommend(
        &self,
        reader: Option<Uuid>,
        category: BookCategory,
        at_most: usize,
    ) -> Result<Vec<Volume>, Error> {
        if at_most == 0 {
            return Ok(Vec::new());
        }
        let snapshot = self.inner.catalogue.snapshot().await?;
        let owned = match reader {
            Some(reader) => self.inner.owned.books_of(reader).await,
            None => HashSet::new(),
        };
        let shelf = snapshot.shelf(category);
        let chance = &self.inner.chance;
        Ok(chance.with(|rng| draw(shelf, &owned, at_most, rng)))
    }
}
