//! The background task that learns what is bought together.
//!
//! It reads all purchases and ratings again and again, and makes a new model if they have
//! changed. Nothing has to be told of a cancelled order, a hidden review or a deleted account:
//! what Checkout and Reviews no longer list is gone after the next run. Reading and computing
//! take at most a twentieth of the time, however large the shop is: a small one is read every
//! five seconds, and 500,000 purchases every few minutes.

use std::{convert::Infallible, sync::Arc};

use service::PeriodicTask;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    history::{History, HistoryError},
    model::Model,
};

/// The pause after a run, in multiples of its duration.
const PAUSE: u32 = 19;

/// The sending side, where the task publishes models.
pub(crate) type Publisher = watch::Sender<Arc<Model>>;

/// The task. While Checkout or Reviews does not respond, the last model stays, and only the
/// first failure is logged.
pub(crate) struct Learn {
    history: History,
    publisher: Publisher,
    /// Of the purchases that the published model is made of; `None` before the first one.
    fingerprint: Option<u64>,
    is_failing: bool,
}

impl Learn {
    pub(crate) fn new(history: History, publisher: Publisher) -> Self {
        Self {
            history,
            publisher,
            fingerprint: None,
            is_failing: false,
        }
    }

    /// Reads the purchases, and publishes a new model if they have changed.
    pub(crate) async fn learn(&mut self) -> Result<(), HistoryError> {
        let log = self.history.log().await?;
        let published = self.fingerprint;
        let purchases = log.purchase_count();
        let made = tokio::task::spawn_blocking(move || {
            let fingerprint = log.fingerprint();
            (published != Some(fingerprint)).then(|| (fingerprint, Model::of(&log)))
        });
        match made.await {
            Ok(Some((fingerprint, model))) => {
                let books = model.book_count();
                tracing::debug!(purchases, books, "learned what is bought together");
                metrics::gauge!("recommendations_purchases").set(purchases as f64);
                metrics::gauge!("recommendations_related_books").set(books as f64);
                self.publisher.send_replace(Arc::new(model));
                self.fingerprint = Some(fingerprint);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "no model could be made"),
        }
        Ok(())
    }
}

impl PeriodicTask for Learn {
    const NAME: &'static str = "learn what is bought together";

    /// Failures are counted and logged here, because the service works without a new model.
    type Error = Infallible;

    async fn run(&mut self) -> Result<(), Infallible> {
        let started = Instant::now();
        match self.learn().await {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("purchases and ratings can be read again");
                }
                sleep(started.elapsed() * PAUSE).await;
            }
            Err(error) => {
                metrics::counter!("recommendations_learn_failures_total").increment(1);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(
                        %error,
                        "purchases and ratings cannot be read; what was learned before is used"
                    );
                }
            }
        }
        Ok(())
    }
}
