//! The use cases: recommending books, independent of gRPC.

use std::{collections::HashSet, sync::Arc, time::Duration};

use rpc::Channel;
use service::{AccountId, BookCategory, BookId};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    BookSummary, Error, Model,
    catalogue::{self, Catalogue},
    domain::{Reader, Snapshot},
    history::History,
    learn::{self, Learn},
    refresh::Refresh,
    sample::{RandomSource, sample_positions},
};

/// The options of the service.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The pause between two polls of the catalogue revision, which is the maximum delay
    /// until a change of the catalogue is visible here.
    pub refresh_interval: Duration,
    /// The shortest pause before purchases and ratings are read again.
    pub learn_interval: Duration,
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
            learn_interval: Duration::from_secs(5),
            first_load_wait: Duration::from_millis(500),
            seed: None,
        }
    }
}

/// The service. Clones share the catalogue and the model.
#[derive(Debug, Clone)]
pub struct Recommendations {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    catalogue: Catalogue,
    random: RandomSource,
    history: History,
    inventory: Channel,
    catalogues: catalogue::Publisher,
    models: learn::Publisher,
    options: Options,
}

impl Recommendations {
    /// A service with channels to Inventory, Checkout and Reviews. It has no books and no
    /// model until [`Recommendations::run_in_background`] has read them.
    pub fn new(inventory: Channel, checkout: Channel, reviews: Channel, options: Options) -> Self {
        let (catalogues, catalogue) = Catalogue::empty(options.first_load_wait);
        Self {
            inner: Arc::new(Inner {
                catalogue,
                random: RandomSource::new(options.seed),
                history: History::new(checkout, reviews),
                inventory,
                catalogues,
                models: watch::Sender::default(),
                options,
            }),
        }
    }

    /// Starts the tasks that read the catalogue, and learn from purchases and ratings, again
    /// whenever they have changed. They end when the handle is dropped.
    #[must_use = "the tasks end when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let options = &self.inner.options;
        ::service::run_together([
            ::service::run_periodically(options.refresh_interval, self.refresh()),
            ::service::run_periodically(options.learn_interval, self.learn()),
        ])
    }

    /// The task that reads the catalogue.
    pub(crate) fn refresh(&self) -> Refresh {
        let catalogues = Arc::clone(&self.inner.catalogues);
        Refresh::new(self.inner.inventory.clone(), catalogues)
    }

    /// The task that makes models of purchases and ratings.
    pub(crate) fn learn(&self) -> Learn {
        Learn::new(self.inner.history.clone(), self.inner.models.clone())
    }

    /// At most `limit` books of a category, without duplicates. An anonymous visitor, without
    /// `account_id`, gets a random sample. A reader first gets the books that suit what the
    /// reader has bought and rated, and then a random sample of those that the reader does not
    /// have.
    ///
    /// # Errors
    /// [`Error::CatalogueUnavailable`] until the catalogue has been read for the first time;
    /// [`Error::PurchasesUnavailable`], which concerns no visitor.
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
        let Some(account_id) = account_id else {
            return Ok(self.sample(&snapshot, category, &HashSet::new(), limit));
        };
        let reader = self.inner.history.reader(account_id).await;
        let reader = reader.map_err(|error| {
            tracing::debug!(%error, "a reader gets no recommendations");
            Error::PurchasesUnavailable
        })?;
        let mut books = self.suggest(&snapshot, category, &reader, limit);
        let mut excluded = reader.known;
        excluded.extend(books.iter().map(|book| book.book_id));
        let missing = limit - books.len();
        books.extend(self.sample(&snapshot, category, &excluded, missing));
        Ok(books)
    }

    /// At most `limit` books that readers of a book have also bought, the best match first. It
    /// is empty if the model does not know the book.
    ///
    /// # Errors
    /// [`Error::CatalogueUnavailable`] until the catalogue has been read for the first time.
    pub async fn also_bought(
        &self,
        book_id: BookId,
        limit: usize,
    ) -> Result<Vec<BookSummary>, Error> {
        let snapshot = self.inner.catalogue.snapshot().await?;
        let model = self.model();
        let related = model.related(book_id).iter();
        let books = related.filter_map(|related| snapshot.book(related.book_id));
        Ok(books.map(|(_, book)| book).take(limit).collect())
    }

    fn model(&self) -> Arc<Model> {
        Arc::clone(&self.inner.models.borrow())
    }

    fn suggest(
        &self,
        snapshot: &Snapshot,
        category: BookCategory,
        reader: &Reader,
        limit: usize,
    ) -> Vec<BookSummary> {
        let suggestions = self.model().suggest(&reader.interests).into_iter();
        suggestions
            .filter(|(book_id, _)| !reader.known.contains(book_id))
            .filter_map(|(book_id, _)| snapshot.book(book_id))
            .filter(|(of_book, _)| *of_book == category)
            .map(|(_, book)| book)
            .take(limit)
            .collect()
    }

    fn sample(
        &self,
        snapshot: &Snapshot,
        category: BookCategory,
        excluded: &HashSet<BookId>,
        limit: usize,
    ) -> Vec<BookSummary> {
        let books = snapshot.books_in(category);
        let random = &self.inner.random;
        let book_id = |position| books.book_id(position);
        let sample =
            random.with_rng(|rng| sample_positions(books.len(), book_id, excluded, limit, rng));
        let sampled = sample.into_iter().map(|position| books.book(position));
        sampled.collect()
    }
}
