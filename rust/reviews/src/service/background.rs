//! The background task: ask Checkout about the reviews for which it did not respond.

use std::time::Duration;

use service::PeriodicTask;
use tokio_util::task::AbortOnDropHandle;

use crate::{Reviews, ReviewsError, store as rows};

/// How many books of one account Checkout is asked about at once, the most that it accepts.
const BATCH_SIZE: i64 = 500;

/// The task that checks the purchases of reviews.
pub(crate) struct CheckPurchases(pub(crate) Reviews);

impl CheckPurchases {
    /// How often the task runs: every minute.
    const INTERVAL: Duration = Duration::from_secs(60);
}

impl PeriodicTask for CheckPurchases {
    const NAME: &'static str = "check the purchases of reviews";

    type Error = ReviewsError;

    async fn run(&mut self) -> Result<(), ReviewsError> {
        self.0.check_purchases().await
    }
}

impl Reviews {
    /// Starts the task that checks the purchases of reviews. It ends when the handle is
    /// dropped. Must be called within a tokio runtime.
    #[must_use = "the task ends when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        service::run_periodically(CheckPurchases::INTERVAL, CheckPurchases(self.clone()))
    }

    /// Asks Checkout, account by account, about the reviews that it was not asked about. While
    /// it does not respond, they wait for the next run. Reviews of one account above the limit
    /// of a batch wait for it too.
    async fn check_purchases(&self) -> Result<(), ReviewsError> {
        let mut account = None;
        loop {
            let next = store::read!(self.db(), connection => {
                rows::purchases::unchecked_account(connection, account).await
            })?;
            let Some(account_id) = next else {
                return Ok(());
            };
            account = next;
            let book_ids = store::read!(self.db(), connection => {
                rows::purchases::unchecked(connection, account_id, BATCH_SIZE).await
            })?;
            let bought = match self.inner.purchases.of(account_id, &book_ids).await {
                Ok(bought) => bought,
                Err(error) => {
                    tracing::warn!(%error, "the marks of purchases are set later");
                    return Ok(());
                }
            };
            store::write!(self.db(), transaction => {
                for book_id in &book_ids {
                    let bought = bought.contains(book_id);
                    rows::purchases::set_checked(transaction, account_id, *book_id, bought).await?;
                }
                Ok::<_, ReviewsError>(())
            })?;
        }
    }
}
