//! Deletes the responses of old requests.

use std::{sync::Arc, time::Duration};

use store::{Db, idempotency};

use crate::{Clock, PeriodicTask};

/// The task that deletes idempotency keys after [`idempotency::RETENTION`]. Every service
/// whose methods take a `request_id` runs it.
#[derive(Debug)]
pub struct PruneIdempotencyKeys {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl PruneIdempotencyKeys {
    /// How often the task should run: every ten minutes.
    pub const INTERVAL: Duration = Duration::from_secs(600);

    /// A task on the database of one service.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl PeriodicTask for PruneIdempotencyKeys {
    const NAME: &'static str = "delete the responses of old requests";

    type Error = store::Error;

    async fn run(&mut self) -> Result<(), store::Error> {
        let now = self.clock.now().as_microsecond();
        let pruned = store::write!(self.db, transaction => {
            idempotency::prune(transaction, now).await
        })?;
        if pruned > 0 {
            tracing::debug!(pruned, "deleted the responses of old requests");
        }
        Ok(())
    }
}
