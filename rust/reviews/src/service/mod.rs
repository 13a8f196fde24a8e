//! The use cases of Reviews: writing, reading, hiding and counting reviews.

mod account_data;
mod background;
mod lists;
mod moderation;

use std::sync::Arc;

use futures::future;
use jiff::Timestamp;
use rpc::Channel;
use service::{AccountId, BookId, Clock, IdSource, SystemClock, UuidV7Ids};
use store::Db;

use crate::{
    Rating, Review, ReviewContent, ReviewsError, catalogue::Catalogue, purchases::Purchases,
    store as rows,
};

#[cfg(test)]
pub(crate) use background::CheckPurchases;

/// The options of the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The clock of the times in reviews.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of reviews.
    pub ids: Arc<dyn IdSource>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
        }
    }
}

/// The service. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Reviews {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    catalogue: Catalogue,
    purchases: Purchases,
    options: Options,
}

impl Reviews {
    /// Creates the service with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA), and channels to Inventory and to Checkout.
    pub fn new(db: Db, inventory: Channel, checkout: Channel, options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                catalogue: Catalogue::new(inventory),
                purchases: Purchases::new(checkout),
                options,
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

    /// Writes the review of an account about a book, or replaces it.
    ///
    /// # Errors
    /// [`ReviewsError::BookNotFound`], [`ReviewsError::AccountDeleted`],
    /// [`ReviewsError::CatalogueUnavailable`], or an error of the database.
    pub async fn put(
        &self,
        account_id: AccountId,
        book_id: BookId,
        content: ReviewContent,
    ) -> Result<Review, ReviewsError> {
        let (catalogue, purchases) = (&self.inner.catalogue, &self.inner.purchases);
        let book_ids = [book_id];
        let (exists, bought) = future::join(
            catalogue.require(book_id),
            purchases.of(account_id, &book_ids),
        )
        .await;
        exists?;
        let bought = match bought {
            Ok(bought) => Some(bought.contains(&book_id)),
            Err(error) => {
                tracing::debug!(%error, "the mark of a purchase is set later");
                None
            }
        };
        let (now, review_id) = (self.now(), self.inner.options.ids.next_id());
        store::write!(self.db(), transaction => {
            if !rows::authors::lock(transaction, account_id).await? {
                return Err(ReviewsError::AccountDeleted);
            }
            let mut counts = rows::ratings::lock_or_create(transaction, book_id).await?;
            let before = rows::reviews::get(transaction, account_id, book_id).await?;
            let Some(before) = before else {
                let review = Review {
                    review_id,
                    book_id,
                    content: content.clone(),
                    created_at: now,
                    updated_at: now,
                    verified_purchase: bought.unwrap_or(false),
                    hidden_reason: None,
                };
                rows::reviews::insert(transaction, account_id, &review, bought.is_some()).await?;
                counts.add(review.content.stars);
                rows::ratings::save(transaction, book_id, counts).await?;
                return Ok(review);
            };
            let mut review = before.clone();
            review.verified_purchase = bought.unwrap_or(before.verified_purchase);
            if before.content != content {
                review.content = content.clone();
                // A clock that was set back makes no review older than it was.
                review.updated_at = now.max(before.updated_at);
            }
            rows::reviews::update(transaction, &review, bought.is_some()).await?;
            if review.is_visible() {
                counts.remove(before.content.stars);
                counts.add(review.content.stars);
                rows::ratings::save(transaction, book_id, counts).await?;
            }
            Ok::<_, ReviewsError>(review)
        })
    }

    /// The review that an account has written about a book, hidden or not.
    ///
    /// # Errors
    /// [`ReviewsError::ReviewOfBookNotFound`], or an error of the database.
    pub async fn review(
        &self,
        account_id: AccountId,
        book_id: BookId,
    ) -> Result<Review, ReviewsError> {
        let review = store::read!(self.db(), connection => {
            rows::reviews::get(connection, account_id, book_id).await
        })?;
        review.ok_or(ReviewsError::ReviewOfBookNotFound(book_id))
    }

    /// Deletes the review that an account has written about a book, if there is one.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn delete(&self, account_id: AccountId, book_id: BookId) -> Result<(), ReviewsError> {
        store::write!(self.db(), transaction => {
            let Some(mut counts) = rows::ratings::lock(transaction, book_id).await? else {
                return Ok(());
            };
            let review = rows::reviews::get(transaction, account_id, book_id).await?;
            let Some(review) = review else {
                return Ok(());
            };
            rows::reviews::delete(transaction, review.review_id).await?;
            if review.is_visible() {
                counts.remove(review.content.stars);
                rows::ratings::save(transaction, book_id, counts).await?;
            }
            Ok::<_, ReviewsError>(())
        })
    }

    /// The ratings of books, in the order of the ids.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn ratings(&self, book_ids: &[BookId]) -> Result<Vec<Rating>, ReviewsError> {
        let counts = store::read_stale!(self.db(), connection => {
            rows::ratings::by_ids(connection, book_ids).await
        })?;
        let ratings = book_ids.iter().map(|book_id| Rating {
            book_id: *book_id,
            star_counts: counts.get(book_id).copied().unwrap_or_default(),
        });
        Ok(ratings.collect())
    }
}
