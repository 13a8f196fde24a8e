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

/// The bounds of the wait between two attempts to reach a dead server. The wait doubles with
/// each attempt.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

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

    /// Whether the server answers, also if the answer is that it has no connection to spare.
    async fn answers(&self) -> bool {
        match timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the test of the database failed");
                !crate::Cause::from(error).is_connection_lost()
            }
            Err(_) => false,
        }
    }
}

/// Ends also when the database is closed or dropped.
async fn check_until_it_answers(shared: Weak<Shared>) {
    let mut backoff = MIN_BACKOFF;
    while let Some(shared) = shared.upgrade() {
        let answers = shared.answers().await;
        let available = &shared.availability.available;
        if answers || shared.permits.is_closed() {
            // Before the change, so that a failure after it is tested again.
            shared.availability.checking.store(false, Ordering::Release);
            if !*available.borrow() {
                shared.replace_pool();
                available.send_replace(true);
                tracing::info!("the database answers again");
            }
            return;
        }
        if available.send_if_modified(|available| std::mem::replace(available, false)) {
            tracing::error!("the database does not answer: calls fail at once until it does");
        }
        drop(shared);
        sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}
