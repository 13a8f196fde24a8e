//! The writer: transactions run one after the other, and one commit serves all that wait.
//!
//! A commit waits for the disk, which takes about as long as a hundred small transactions.
//! So the bodies of several transactions run in one transaction of SQLite (a batch), each
//! in its own savepoint. All of them queue for the connection in a fair mutex. As soon as
//! the first body of a batch has ended, the committer queues too: the batch consists of
//! that body and of those that queued before the committer. A body is acknowledged when the
//! batch is committed; if the commit fails, it fails for all bodies of the batch.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use metrics::Histogram;
use rusqlite::Connection;
use tokio::{
    sync::{Mutex, OwnedMutexGuard, oneshot},
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

use crate::{
    Error,
    error::Cause,
    open::{ACQUIRE_TIMEOUT, sqlite::BUSY_TIMEOUT},
    pool_metrics::{GaugeGuard, PoolMetrics},
};

/// How often the writer looks whether another opener of the file has released its lock.
const BUSY_POLL_INTERVAL: Duration = Duration::from_millis(2);

/// The queue of the transactions that wait for the writer.
#[derive(Debug, Clone)]
pub(crate) struct WriterQueue {
    writer: Arc<Mutex<Writer>>,
    metrics: Arc<PoolMetrics>,
}

/// The connection for writing. Outside of a body it is either idle, with nobody waiting, or
/// in a transaction, with the ended bodies waiting and the committer queued.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` after the database was closed.
    connection: Option<Connection>,
    /// The bodies that wait for the commit of the current batch.
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    /// Whether bodies may share a commit. Only benchmarks switch it off.
    group_commit: bool,
    commits: u64,
    database: &'static str,
    commit_seconds: Histogram,
    /// The number of transactions in each commit.
    group_size: Histogram,
}

/// The body of one transaction, which has the writer for itself. It is rolled back when it
/// is dropped.
#[derive(Debug)]
pub(crate) struct Body {
    /// `None` after the end of the body.
    writer: Option<OwnedMutexGuard<Writer>>,
    queue: WriterQueue,
    /// `None` after the body has given the writer back.
    in_use: Option<GaugeGuard>,
}

impl WriterQueue {
    /// `database` is the name of its schema, for the metrics.
    pub(crate) fn new(connection: Connection, database: &'static str) -> Self {
        let writer = Writer {
            connection: Some(connection),
            waiting: Vec::new(),
            group_commit: true,
            commits: 0,
            database,
            commit_seconds: metrics::histogram!("store_commit_seconds", "database" => database),
            group_size: metrics::histogram!("store_commit_group_size", "database" => database),
        };
        Self {
            writer: Arc::new(Mutex::new(writer)),
            metrics: Arc::new(PoolMetrics::register(database, "write", 1)),
        }
    }

    /// Waits for the writer, and begins the body of a transaction.
    pub(crate) async fn begin(&self) -> Result<Body, Error> {
        let waiting = self.metrics.waiting();
        let mut writer = timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.writer).lock_owned())
            .await
            .map_err(|_| Error::Overloaded)?;
        drop(waiting);
        let in_use = self.metrics.in_use();
        let deadline = Instant::now() + BUSY_TIMEOUT;
        while let Err(error) = writer.begin_body() {
            writer.roll_back_body();
            // Only another opener of the same file causes it, until its own commit.
            if !error.is_busy() || Instant::now() >= deadline {
                return Err(error.into());
            }
            sleep(BUSY_POLL_INTERVAL).await;
        }
        Ok(Body {
            writer: Some(writer),
            queue: self.clone(),
            in_use: Some(in_use),
        })
    }

    pub(crate) async fn set_group_commit(&self, group_commit: bool) {
        self.writer.lock().await.group_commit = group_commit;
    }

    /// The number of commits since the database was opened.
    #[cfg(test)]
    pub(crate) async fn commits(&self) -> u64 {
        self.writer.lock().await.commits
    }

    pub(super) async fn close(&self) {
        let connection = self.writer.lock().await.connection.take();
        // It waits for the disk. A panic is impossible, and nothing depends on the outcome.
        spawn_blocking(move || drop(connection)).await.ok();
    }

    /// Queues the commit of the batch behind the bodies that wait now. The caller holds the
    /// writer.
    fn queue_commit(&self, held: OwnedMutexGuard<Writer>) {
        let mut place = Box::pin(Arc::clone(&self.writer).lock_owned());
        // The first poll takes the place in the queue. It cannot succeed before `held` is
        // dropped, and the task polls again.
        let polled = pin!(&mut place).poll(&mut Context::from_waker(Waker::noop()));
        debug_assert!(polled.is_pending(), "the caller holds the writer");
        drop(held);
        tokio::spawn(async move {
            let writer = place.await;
            spawn_blocking(move || commit(writer)).await.ok();
        });
    }
}

/// Commits the batch, unless an error has already rolled it back.
fn commit(mut writer: OwnedMutexGuard<Writer>) {
    if writer.waiting.is_empty() {
        return;
    }
    let started = Instant::now();
    let outcome = writer.execute("COMMIT").map_err(Error::from);
    if outcome.is_ok() {
        writer.commit_seconds.record(started.elapsed());
        writer.group_size.record(writer.waiting.len() as f64);
        writer.commits += 1;
        metrics::counter!("store_commits_total", "database" => writer.database).increment(1);
    } else {
        writer.roll_back();
    }
    let waiting = std::mem::take(&mut writer.waiting);
    // The next batch begins while the callers of this one are told.
    drop(writer);
    for body in waiting {
        // The caller may have been cancelled.
        body.send(outcome.clone()).ok();
    }
}

impl Writer {
    fn raw(&mut self) -> Result<&mut Connection, Cause> {
        self.connection.as_mut().ok_or(Cause::Closed)
    }

    fn execute(&mut self, statement: &str) -> Result<(), Cause> {
        self.raw()?.prepare_cached(statement)?.raw_execute()?;
        Ok(())
    }

    fn begin_body(&mut self) -> Result<(), Cause> {
        if self.raw()?.is_autocommit() {
            self.execute("BEGIN IMMEDIATE")?;
        }
        self.execute("SAVEPOINT body")
    }

    /// Rolls back the current body, and nothing else if possible.
    fn roll_back_body(&mut self) {
        let Ok(connection) = self.raw() else {
            return;
        };
        // Some errors, for example a full disk, make SQLite roll back the whole batch.
        let alone = !connection.is_autocommit()
            && !self.waiting.is_empty()
            && self.execute("ROLLBACK TO body").is_ok()
            && self.execute("RELEASE body").is_ok();
        if !alone {
            self.roll_back();
            for body in self.waiting.drain(..) {
                // They run again.
                let error = Error::Conflict(Cause::BatchRolledBack);
                body.send(Err(error)).ok();
            }
        }
    }

    /// Rolls back the whole batch.
    fn roll_back(&mut self) {
        let active = self
            .raw()
            .is_ok_and(|connection| !connection.is_autocommit());
        if active && let Err(error) = self.execute("ROLLBACK") {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

impl Body {
    pub(super) fn raw(&mut self) -> Result<&mut Connection, Error> {
        match &mut self.writer {
            Some(writer) => Ok(writer.raw()?),
            None => Err(Error::TransactionAborted),
        }
    }

    /// Ends the body successfully, and returns when it is committed.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else {
            return Err(Error::TransactionAborted);
        };
        // After an error the body is dropped, and so rolled back.
        writer.execute("RELEASE body")?;
        self.wait_for_commit().await
    }

    /// Rolls the body back. If it could see changes that are not committed yet, it waits for
    /// them: the answer of the caller may depend on them.
    ///
    /// # Errors
    /// If these changes were not committed.
    pub(crate) async fn rollback(mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        writer.roll_back_body();
        if writer.waiting.is_empty() {
            self.writer = None;
            return Ok(());
        }
        self.wait_for_commit().await
    }

    async fn wait_for_commit(&mut self) -> Result<(), Error> {
        let Some(mut writer) = self.writer.take() else {
            return Err(Error::TransactionAborted);
        };
        self.in_use = None;
        let (sender, committed) = oneshot::channel();
        let first = writer.waiting.is_empty();
        writer.waiting.push(sender);
        if !writer.group_commit {
            spawn_blocking(move || commit(writer)).await.ok();
        } else if first {
            self.queue.queue_commit(writer);
        } else {
            drop(writer);
        }
        // The runtime was shut down, and with it the committer.
        let lost = |_| Err(Error::Unavailable(Cause::Closed));
        committed.await.unwrap_or_else(lost)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.roll_back_body();
        }
    }
}
