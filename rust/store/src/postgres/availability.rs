//! Whether the server answers, found out by connections of its own.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{ConnectOptions, Connection};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{CONNECT_TIMEOUT, Shared};
use crate::Cause;

/// The bounds of the wait between two attempts to reach a dead server. The wait doubles with
/// each attempt.
pub(crate) const MIN_BACKOFF: Duration = Duration::from_millis(100);
pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Availability {
    available: watch::Sender<bool>,
    /// Whether a task tests the server. There is at most one.
    checking: AtomicBool,
}

impl Availability {
    pub(super) fn new() -> Self {
        Self {
            available: watch::Sender::new(true),
            checking: AtomicBool::new(false),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<bool> {
        self.available.subscribe()
    }
}

impl Shared {
    /// Starts a task that tests whether the server answers, unless there is one. If it does
    /// not, the database is unavailable until it does.
    pub(super) fn check(shared: &Arc<Self>) {
        let checking = &shared.availability.checking;
        if !shared.permits.is_closed() && !checking.swap(true, Ordering::AcqRel) {
            tokio::spawn(check_until_it_answers(Arc::downgrade(shared)));
        }
    }

    async fn connect(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.options.connect().await?;
        connection.ping().await?;
        connection.close().await
    }

    /// Fails if the server does not answer; that it has no connection to spare is an answer.
    async fn test(&self) -> Result<(), Cause> {
        match timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(Err(error)) => {
                let cause = Cause::from(error);
                tracing::debug!(%cause, "the test of the database failed");
                if cause.is_connection_lost() {
                    Err(cause)
                } else {
                    Ok(())
                }
            }
            Ok(Ok(())) => Ok(()),
            Err(_) => Err(Cause::Unreachable),
        }
    }
}

/// Ends also when the database is closed or dropped.
async fn check_until_it_answers(shared: Weak<Shared>) {
    let mut backoff = MIN_BACKOFF;
    while let Some(shared) = shared.upgrade() {
        let failure = shared.test().await.err();
        let available = &shared.availability.available;
        let Some(cause) = failure.filter(|_| !shared.permits.is_closed()) else {
            // Before the change, so that a failure after it is tested again.
            shared.availability.checking.store(false, Ordering::Release);
            shared.outages.server_answers();
            if !*available.borrow() {
                shared.replace_pool();
                available.send_replace(true);
            }
            return;
        };
        shared.outages.server_is_dead(&cause);
        available.send_if_modified(|available| std::mem::replace(available, false));
        drop(shared);
        sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}
