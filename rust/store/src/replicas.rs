//! Read replicas: which of them have what a caller must see.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use consistency::Session;
use futures::future::join_all;
use metrics::{Counter, Gauge};
use tokio::time::{Instant, sleep};

use crate::{
    Connection, Db, Error, OpenError, Schema, open,
    postgres::{Postgres, Reader},
};

/// How often the positions of the servers are compared, while replicas are read.
const INTERVAL: Duration = Duration::from_millis(200);

/// How old the data of a replica may be.
const MAX_AGE: Duration = Duration::from_secs(2);

/// After this time without a read, the positions are no longer compared.
const MAX_IDLE: Duration = Duration::from_secs(10);

/// The read replicas of one database.
#[derive(Debug)]
pub(crate) struct Replicas {
    primary: Postgres,
    replicas: Box<[Replica]>,
    /// The positions of the primary in the last [`MAX_AGE`], oldest first.
    history: Mutex<VecDeque<(Instant, u64)>>,
    last_read: Mutex<Instant>,
    /// Whether a task compares the positions. There is at most one.
    watching: AtomicBool,
    reads: Reads,
}

#[derive(Debug)]
struct Replica {
    postgres: Postgres,
    /// The position that it has reached at least; 0 if it is not known.
    position: AtomicU64,
    /// Whether it has been seen to belong to the cluster of the primary.
    is_verified: AtomicBool,
    /// Whether it was reported why it cannot be read.
    is_reported: AtomicBool,
    lag: Gauge,
}

/// The number of stale reads.
#[derive(Debug)]
struct Reads {
    primary: Counter,
    replica: Counter,
}

impl Replicas {
    pub(crate) fn new(
        primary: &Postgres,
        urls: &[String],
        schema: &Schema,
    ) -> Result<Self, OpenError> {
        primary.set_replicated();
        let replicas = urls.iter().enumerate().map(|(number, url)| {
            let number = (number + 1).to_string();
            Ok(Replica {
                postgres: open::postgres::replica(url, schema)?,
                position: AtomicU64::new(0),
                is_verified: AtomicBool::new(false),
                is_reported: AtomicBool::new(false),
                lag: metrics::gauge!(
                    "store_replica_lag_bytes", "database" => schema.name, "replica" => number
                ),
            })
        });
        let reads = |server: &'static str| {
            let labels = [("database", schema.name), ("server", server)];
            metrics::counter!("store_stale_reads_total", &labels)
        };
        Ok(Self {
            primary: primary.clone(),
            replicas: replicas.collect::<Result<_, _>>()?,
            history: Mutex::default(),
            last_read: Mutex::new(Instant::now()),
            watching: AtomicBool::new(false),
            reads: Reads {
                primary: reads("primary"),
                replica: reads("replica"),
            },
        })
    }

    /// A connection to a replica that has what the session of the caller must see; `None` if
    /// there is none.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Option<Reader> {
        let reader = self.try_acquire().await;
        match reader {
            Some(_) => self.reads.replica.increment(1),
            None => self.reads.primary.increment(1),
        }
        reader
    }

    async fn try_acquire(self: &Arc<Self>) -> Option<Reader> {
        let required = Session::current()?.required(self.primary.schema())?;
        *lock(&self.last_read) = Instant::now();
        if !self.watching.swap(true, Ordering::AcqRel) {
            tokio::spawn(watch(Arc::downgrade(self)));
        }
        let (_, oldest) = *lock(&self.history).front()?;
        let has_it = |replica: &&Replica| {
            replica.position.load(Ordering::Relaxed) >= required.max(oldest).max(1)
        };
        let current: Vec<_> = self.replicas.iter().filter(has_it).collect();
        if current.is_empty() {
            return None;
        }
        let chosen = current[rand::random_range(0..current.len())];
        let reader = chosen.postgres.acquire().await;
        if reader.is_err() {
            chosen.position.store(0, Ordering::Relaxed);
        }
        reader.ok()
    }

    /// Asks all servers how far they are.
    async fn compare(&self) {
        let primary = self.primary.position().await;
        // After the primary, so that the difference is not negative.
        let positions = self.replicas.iter().map(|it| it.postgres.position());
        let positions = join_all(positions).await;
        if let Ok((position, _)) = primary {
            remember(&mut lock(&self.history), Instant::now(), position);
        }
        for (replica, answer) in self.replicas.iter().zip(positions) {
            let reached = match (answer, &primary) {
                (Ok((_, cluster)), Ok((_, own))) if cluster != *own => {
                    replica.report("it is not a replica of this database");
                    0
                }
                (Ok((position, _)), Ok((newest, _))) => {
                    replica.is_verified.store(true, Ordering::Relaxed);
                    let lag = newest.saturating_sub(position);
                    replica.lag.set(lag as f64);
                    position
                }
                // The primary does not answer, so that nothing newer is known.
                (Ok((position, _)), Err(_)) if replica.is_verified.load(Ordering::Relaxed) => {
                    position
                }
                (Ok(_), Err(_)) => 0,
                (Err(error), _) => {
                    // An outage is reported by itself.
                    if !matches!(error, Error::Unavailable(_) | Error::Overloaded) {
                        replica.report(&error.to_string());
                    }
                    0
                }
            };
            replica.position.store(reached, Ordering::Relaxed);
        }
    }

    fn is_idle(&self) -> bool {
        lock(&self.last_read).elapsed() > MAX_IDLE
    }

    /// The next read must not rely on what the replicas had long ago.
    pub(crate) fn forget_positions(&self) {
        for replica in &self.replicas {
            replica.position.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) async fn close(&self) {
        join_all(self.replicas.iter().map(|it| it.postgres.close())).await;
    }
}

impl Replica {
    fn report(&self, cause: &str) {
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            tracing::error!(
                database = self.postgres.schema(),
                replica = %self.postgres.address(),
                cause,
                "a read replica cannot be read: correct --read-replica-url or the server"
            );
        }
    }
}

/// Ends when nothing was read for some time, and when the database is dropped.
async fn watch(replicas: Weak<Replicas>) {
    while let Some(replicas) = replicas.upgrade() {
        replicas.compare().await;
        if replicas.is_idle() {
            replicas.forget_positions();
            replicas.watching.store(false, Ordering::Release);
            return;
        }
        drop(replicas);
        sleep(INTERVAL).await;
    }
}

/// Adds a position, and removes all that are older than [`MAX_AGE`] except the newest of them, or
/// all if there was none for so long.
fn remember(history: &mut VecDeque<(Instant, u64)>, now: Instant, position: u64) {
    let is_old = |(at, _): &(Instant, u64)| now.duration_since(*at) >= MAX_AGE;
    if history.back().is_some_and(is_old) {
        history.clear();
    }
    history.push_back((now, position));
    while history.get(1).is_some_and(is_old) {
        history.pop_front();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The value is valid after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The attempts of one [`crate::read_stale!`]. It is public only for the expansion of that
/// macro.
#[derive(Debug)]
pub struct StaleRead<'d> {
    db: &'d Db,
    from_replica: bool,
}

impl<'d> StaleRead<'d> {
    /// Starts with no attempt made.
    pub fn new(db: &'d Db) -> Self {
        Self {
            db,
            from_replica: db.has_replicas(),
        }
    }

    /// The connection of the next attempt.
    ///
    /// # Errors
    /// As [`Db::acquire`].
    pub async fn acquire(&mut self) -> Result<Connection, Error> {
        if self.from_replica
            && let Some(connection) = self.db.acquire_replica().await
        {
            return Ok(connection);
        }
        self.from_replica = false;
        self.db.acquire().await
    }

    /// Whether a failed read is made again: on the primary, if a replica failed.
    pub fn is_repeated(&mut self, connection: &Connection) -> bool {
        self.from_replica = false;
        connection.replica_failed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn replica_may_be_as_far_behind_as_the_oldest_position() {
        let mut history = VecDeque::new();
        let mut oldest = Vec::new();
        for second in 0..5_u64 {
            remember(&mut history, Instant::now(), 100 + second);
            oldest.push(history.front().expect("one was added").1);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(oldest, [100, 100, 100, 101, 102]);
        // Nothing is known about the time since then.
        tokio::time::advance(MAX_AGE).await;
        remember(&mut history, Instant::now(), 200);
        assert_eq!(history.front().expect("one was added").1, 200);
    }
}
