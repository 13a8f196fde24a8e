//! The PostgreSQL engine: a pool of connections, and whether the server answers.

mod availability;
mod notify;

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use consistency::Session;
use metrics::Histogram;
use sqlx::{
    PgConnection, PgPool,
    pool::{PoolConnection, PoolOptions},
    postgres::PgConnectOptions,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

pub(crate) use self::availability::{MAX_BACKOFF, MIN_BACKOFF};
use self::{availability::Availability, notify::Outgoing};
use crate::{
    Error,
    error::Cause,
    location::redacted_url,
    open::ACQUIRE_TIMEOUT,
    outage::Outages,
    pool_metrics::{GaugeGuard, PoolMetrics},
};

/// Connections for each service and process. PostgreSQL allows 100 in total by default.
const CONNECTIONS: u32 = 10;

/// A server that does not accept a connection within this time counts as dead.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Whenever something takes this long, a new connection tests whether the server answers.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The position in the write-ahead log that this server has reached, and the cluster to which the
/// log belongs. Commits are flushed; the position of the next record can be behind a page header
/// that no replica replays.
const POSITION: &str = "SELECT CAST(CASE WHEN pg_is_in_recovery()
            THEN COALESCE(pg_last_wal_replay_lsn(), '0/0')
            ELSE pg_current_wal_flush_lsn() END - CAST('0/0' AS pg_lsn) AS BIGINT),
        (SELECT system_identifier FROM pg_control_system())";

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// An open PostgreSQL database. Clones share the same connections.
#[derive(Debug, Clone)]
pub(crate) struct Postgres(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: PgConnectOptions,
    /// Replaced when the server answers again: connections that were lost without an answer
    /// would occupy the old pool until the network gives them up.
    pool: RwLock<PgPool>,
    /// As many as the pool has connections. So a caller with a permit waits for the server
    /// and not for other callers, which tells a dead server from a busy pool.
    permits: Arc<Semaphore>,
    metrics: PoolMetrics,
    commit_seconds: Histogram,
    availability: Availability,
    outages: Arc<Outages>,
    schema: &'static str,
    /// Whether there are read replicas, so that callers must know the positions of their writes.
    is_replicated: AtomicBool,
    /// Tells the notifications of this process from those of others.
    instance: String,
    outgoing: Mutex<Outgoing>,
    /// The task that receives notifications, if there is one.
    receiving: Mutex<Option<AbortHandle>>,
}

/// A connection for reading.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: PoolConnection<sqlx::Postgres>,
    pub(crate) postgres: Postgres,
    _permit: Permit,
}

/// A connection in a transaction, which is rolled back when this is dropped.
#[derive(Debug)]
pub(crate) struct Body {
    transaction: sqlx::Transaction<'static, sqlx::Postgres>,
    pub(crate) postgres: Postgres,
    _permit: Permit,
}

/// The right to use one connection of the pool.
#[derive(Debug)]
struct Permit {
    _in_use: GaugeGuard,
    _permit: OwnedSemaphorePermit,
}

impl Postgres {
    pub(crate) fn new(options: PgConnectOptions, schema: &'static str) -> Self {
        Self::with(options, schema, "all", Outages::new(schema))
    }

    /// A read replica.
    pub(crate) fn replica(options: PgConnectOptions, schema: &'static str) -> Self {
        let outages = Outages::of_replica(schema, &redacted_url(&options));
        Self::with(options, schema, "replicas", outages)
    }

    fn with(
        options: PgConnectOptions,
        schema: &'static str,
        pool: &'static str,
        outages: Outages,
    ) -> Self {
        Self(Arc::new(Shared {
            pool: RwLock::new(new_pool(&options)),
            options,
            permits: Arc::new(Semaphore::new(CONNECTIONS as usize)),
            metrics: PoolMetrics::register(schema, pool, CONNECTIONS),
            commit_seconds: metrics::histogram!("store_commit_seconds", "database" => schema),
            availability: Availability::new(),
            outages: Arc::new(outages),
            schema,
            is_replicated: AtomicBool::new(false),
            instance: format!("{:016x}", rand::random::<u64>()),
            outgoing: Mutex::default(),
            receiving: Mutex::default(),
        }))
    }

    /// Whether the server answers.
    pub(crate) fn availability(&self) -> watch::Receiver<bool> {
        self.0.availability.subscribe()
    }

    pub(crate) fn outages(&self) -> &Arc<Outages> {
        &self.0.outages
    }

    pub(crate) async fn acquire(&self) -> Result<Reader, Error> {
        let permit = self.permit().await?;
        let pool = self.0.pool();
        Ok(Reader {
            connection: self.supervise(pool.acquire()).await?,
            postgres: self.clone(),
            _permit: permit,
        })
    }

    pub(crate) async fn begin(&self) -> Result<Body, Error> {
        let permit = self.permit().await?;
        let pool = self.0.pool();
        Ok(Body {
            transaction: self.supervise(pool.begin_with(BEGIN)).await?,
            postgres: self.clone(),
            _permit: permit,
        })
    }

    pub(crate) fn schema(&self) -> &'static str {
        self.0.schema
    }

    pub(crate) fn address(&self) -> String {
        redacted_url(&self.0.options)
    }

    pub(crate) fn set_replicated(&self) {
        self.0.is_replicated.store(true, Ordering::Relaxed);
    }

    /// The position that the server has reached, and the identifier of its cluster.
    pub(crate) async fn position(&self) -> Result<(u64, i64), Error> {
        let _permit = self.permit().await?;
        Ok(self.query_position().await?)
    }

    /// For a caller that has a permit.
    async fn query_position(&self) -> Result<(u64, i64), Cause> {
        let pool = self.0.pool();
        let query = sqlx::query_as::<_, (i64, i64)>(POSITION).fetch_one(&pool);
        let (position, cluster) = self.supervise(query).await?;
        Ok((position.cast_unsigned(), cluster))
    }

    /// Waits for other callers, unless the server is known to be dead.
    async fn permit(&self) -> Result<Permit, Error> {
        let mut availability = self.availability();
        let permit = Arc::clone(&self.0.permits).acquire_owned();
        let waiting = self.0.metrics.waiting();
        let permit = tokio::select! {
            biased;
            _ = availability.wait_for(|available| !available) => {
                return Err(Error::Unavailable(Cause::Unreachable));
            }
            permit = timeout(ACQUIRE_TIMEOUT, permit) => permit
                .map_err(|_| Error::Overloaded)?
                .map_err(|_| Error::Unavailable(Cause::Closed))?,
        };
        drop(waiting);
        Ok(Permit {
            _in_use: self.0.metrics.in_use(),
            _permit: permit,
        })
    }

    /// Runs something that waits for the server, until the server is known to be dead. A
    /// failure or a long wait makes a background task test whether it is.
    pub(crate) async fn supervise<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Cause> {
        let mut work = pin!(work);
        loop {
            let mut availability = self.availability();
            let outcome = tokio::select! {
                biased;
                outcome = &mut work => outcome.map_err(Cause::from),
                () = sleep(CHECK_INTERVAL) => {
                    self.check();
                    continue;
                }
                _ = availability.wait_for(|available| !available) => Err(Cause::Unreachable),
            };
            if let Err(cause) = &outcome
                && cause.is_connection_lost()
            {
                self.check();
            }
            return outcome;
        }
    }

    fn check(&self) {
        Shared::check(&self.0);
    }

    /// Waits for running statements and closes all connections.
    pub(crate) async fn close(&self) {
        self.0.permits.close();
        self.0.stop_receiving();
        self.0.pool().close().await;
    }
}

impl Shared {
    fn pool(&self) -> PgPool {
        let pool = self.pool.read();
        pool.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn receiving(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        let receiving = self.receiving.lock();
        receiving.unwrap_or_else(PoisonError::into_inner)
    }

    fn stop_receiving(&self) {
        if let Some(task) = self.receiving().take() {
            task.abort();
        }
    }

    /// Opens new connections from now on.
    fn replace_pool(&self) {
        let new = new_pool(&self.options);
        let mut pool = self.pool.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *pool, new);
        // It waits for the connections that are in use.
        tokio::spawn(async move { old.close().await });
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop_receiving();
    }
}

fn new_pool(options: &PgConnectOptions) -> PgPool {
    PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_lazy_with(options.clone())
}

impl Reader {
    pub(crate) fn raw(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Body {
    pub(crate) fn raw(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        let Self {
            transaction,
            postgres,
            _permit,
        } = self;
        let started = Instant::now();
        let outcome = postgres.supervise(transaction.commit()).await;
        if postgres.0.is_replicated.load(Ordering::Relaxed)
            && let Some(session) = Session::current()
        {
            let position = match &outcome {
                Ok(()) => postgres.query_position().await,
                // It may be committed.
                Err(_) => Err(Cause::Unreachable),
            };
            let position = position.map_or(consistency::UNKNOWN, |(position, _)| position);
            session.written(postgres.0.schema, position);
        }
        outcome?;
        postgres.0.commit_seconds.record(started.elapsed());
        Ok(())
    }

    /// An error is only logged: the pool then closes the connection, and the server rolls
    /// back by itself.
    pub(crate) async fn rollback(self) {
        let rollback = self.postgres.supervise(self.transaction.rollback());
        if let Err(error) = rollback.await {
            tracing::debug!(%error, "rollback failed");
        }
    }
}
