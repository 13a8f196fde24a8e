//! The background task: delete old guest carts.

use std::time::Duration;

use service::PeriodicTask;
use tokio_util::task::AbortOnDropHandle;

use super::GUEST_CART_RETENTION;
use crate::{CartError, Carts, store as rows};

/// How many carts one transaction deletes, so that other writers do not wait long.
const BATCH_SIZE: u64 = 1000;

/// The task that deletes old guest carts.
pub(crate) struct PruneGuestCarts(pub(crate) Carts);

impl PruneGuestCarts {
    /// How often the task runs: every ten minutes.
    const INTERVAL: Duration = Duration::from_secs(600);
}

impl PeriodicTask for PruneGuestCarts {
    const NAME: &'static str = "delete old guest carts";

    type Error = CartError;

    async fn run(&mut self) -> Result<(), CartError> {
        let pruned = self.0.prune_guest_carts().await?;
        if pruned > 0 {
            tracing::debug!(pruned, "deleted old guest carts");
        }
        Ok(())
    }
}

impl Carts {
    /// Starts the task that deletes old guest carts. It ends when the handle is dropped. Must
    /// be called within a tokio runtime.
    #[must_use = "the task ends when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        service::run_periodically(PruneGuestCarts::INTERVAL, PruneGuestCarts(self.clone()))
    }

    /// Deletes the guest carts that were last changed more than [`GUEST_CART_RETENTION`] ago,
    /// or so long from now, while the clock was wrong, and those above the largest number.
    /// Returns how many there were.
    async fn prune_guest_carts(&self) -> Result<u64, CartError> {
        let now = self.now();
        let retention = i64::try_from(GUEST_CART_RETENTION.as_micros()).unwrap_or(i64::MAX);
        let max_guest_carts = self.inner.options.max_guest_carts;
        let newest_excess = store::read!(self.db(), connection => {
            rows::carts::changed_at_of_excess(connection, max_guest_carts).await
        })?;
        let oldest = now.saturating_sub(retention);
        let oldest = newest_excess.map_or(oldest, |excess| oldest.max(excess.saturating_add(1)));
        let newest = now.saturating_add(retention);
        let mut pruned = 0;
        loop {
            let batch = store::write!(self.db(), transaction => {
                rows::carts::prune(transaction, oldest, newest, BATCH_SIZE).await
            })?;
            pruned += batch;
            if batch < BATCH_SIZE {
                return Ok(pruned);
            }
        }
    }
}
