//! The use case: recommending books of a category, independent of gRPC.

use std::{collections::HashSet, sync::Arc, time::Duration};

use service::{AccountId, BookCategory, BookId};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    BookSummary, Error,
    catalogue::{Catalogue, Publisher},
    refresh::Refresh,
    sample::{RandomSource, sample_books},
};

/// The options of the service.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The pause between two polls of the catalogue revision, which is the maximum delay
    /// until a change of the catalogue is visible here.
    pub refresh_interval: Duration,
    /// How long a request waits for the first load of the catalogue.
    pub first_load_wait: Duration,
    /// A seed for reproducible samples, for tests: the same seed, catalogue and sequence of
    /// requests give the same responses. `None` uses a random seed.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_secs(2),
            first_load_wait: Duration::from_millis(500),
            seed: None,
        }
    }
}

/// Provides the books that a user has bought.
pub trait PurchaseHistory: Send + Sync + 'static {
    /// The books that this account has bought. An implementation that fails returns the empty
    /// set: recommending a book that the user has is better than no recommendation.
    fn books_of(&self, account_id: AccountId) -> impl Future<Output = HashSet<BookId>> + Send;
}

/// A purchase history without purchases, because there are no orders yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPurchases;

impl PurchaseHistory for NoPurchases {
    async fn books_of(&self, _account_id: AccountId) -> HashSet<BookId> {
        HashSet::new()
    }
}

/// The service. Clones share the catalogue.
#[derive(Debug)]
pub struct Recommendations<H = NoPurchases> {
    inner: Arc<Inner<H>>,
}

#[derive(Debug)]
struct Inner<H> {
    catalogue: Catalogue,
    random: RandomSource,
    purchases: H,
    inventory: rpc::Channel,
    publisher: Publisher,
    refresh_interval: Duration,
}

impl<H> Clone for Recommendations<H> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl Recommendations {
    /// A service without books until [`Recommendations::run_in_background`] has read them
    /// from Inventory.
    pub fn new(inventory: rpc::Channel, options: Options) -> Self {
        Self::with_history(inventory, NoPurchases, options)
    }
}

impl<H: PurchaseHistory> Recommendations<H> {
    /// Like [`Recommendations::new`], with a purchase history.
    pub fn with_history(inventory: rpc::Channel, purchases: H, options: Options) -> Self {
        let (publisher, catalogue) = Catalogue::empty(options.first_load_wait);
        Self {
            inner: Arc::new(Inner {
                catalogue,
                random: RandomSource::new(options.seed),
                purchases,
                inventory,
                publisher,
                refresh_interval: options.refresh_interval,
            }),
        }
    }

    /// Starts the task that reads the catalogue from Inventory, and again whenever it has
    /// changed. It ends when the handle is dropped.
    #[must_use = "the task ends when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let inner = &self.inner;
        let refresh = Refresh::new(inner.inventory.clone(), Arc::clone(&inner.publisher));
        ::service::run_periodically(inner.refresh_interval, refresh)
    }

    /// A random sample of at most `limit` books of a category, without duplicates and
    /// without books that the user has bought. `account_id` is `None` for anonymous visitors.
    ///
    /// # Errors
    /// [`Error::CatalogueUnavailable`] until the catalogue has been read for the first time.
    pub async fn recommend(
        &self,
        account_id: Option<AccountId>,
        category: BookCategory,
        limit: usize,
    ) -> Result<Vec<BookSummary>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let snapshot = self.inner.catalogue.snapshot().await?;
        let purchased = match account_id {
            Some(account_id) => self.inner.purchases.books_of(account_id).await,
            None => HashSet::new(),
        };
        let books = snapshot.books_in(category);
        let random = &self.inner.random;
        Ok(random.with_rng(|rng| sample_books(books, &purchased, limit, rng)))
    }
}
