//! A connection to either engine, for reading or within a transaction.

mod handle;

use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use sqlx::PgConnection;
use tokio::task::spawn_blocking;

use crate::{
    Engine, Error,
    error::Cause,
    outage::{Operation, Outages},
    postgres::{self, Postgres},
    sqlite,
};

pub(crate) use self::handle::Handle;

/// A connection to SQLite or PostgreSQL on which statements run; see [`crate::read!`].
#[derive(Debug)]
pub struct Connection {
    engine: Engine,
    handle: Handle,
    /// The kind of the first failure in this transaction; always `None` for a reader.
    failure: Option<Failure>,
    /// Whether it is one to a read replica.
    replica: bool,
    /// Whether a statement failed on a read replica.
    replica_failed: bool,
    outages: Arc<Outages>,
}

/// How a failed statement affects its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A conflict with another transaction: `write!` runs its body again.
    Conflict,
    /// Any other error: `write!` returns the error of its body.
    Other,
}

pub(crate) enum RawConnection<'c> {
    Sqlite(&'c mut rusqlite::Connection),
    /// The connection, and the database that supervises what runs on it.
    Postgres(&'c mut PgConnection, Postgres),
}

impl Connection {
    pub(crate) fn new(engine: Engine, handle: Handle, outages: Arc<Outages>) -> Self {
        Self {
            engine,
            handle,
            failure: None,
            replica: false,
            replica_failed: false,
            outages,
        }
    }

    /// A connection to a read replica.
    pub(crate) fn to_replica(reader: postgres::Reader) -> Self {
        let outages = Arc::clone(reader.postgres.outages());
        Self {
            replica: true,
            ..Self::new(Engine::Postgres, reader.into(), outages)
        }
    }

    /// Whether it is one to a read replica.
    pub fn is_to_replica(&self) -> bool {
        self.replica
    }

    pub(crate) fn replica_failed(&self) -> bool {
        self.replica_failed
    }

    /// The engine that this connection belongs to.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// The connection of the driver, unless a statement of this transaction has already
    /// failed.
    ///
    /// SQLite needs this check: some errors, for example a full disk, make it roll back
    /// at once. It would then commit each later statement on its own.
    pub(crate) fn raw(&mut self) -> Result<RawConnection<'_>, Error> {
        if self.failure.is_some() {
            return Err(Error::TransactionAborted);
        }
        Ok(match &mut self.handle {
            Handle::Sqlite(handle) => RawConnection::Sqlite(handle.raw()?),
            Handle::SqliteLost => return Err(Error::TransactionAborted),
            Handle::PostgresReader(reader) => {
                let postgres = reader.postgres.clone();
                RawConnection::Postgres(reader.raw(), postgres)
            }
            Handle::PostgresWriter(body) => {
                let postgres = body.postgres.clone();
                RawConnection::Postgres(body.raw(), postgres)
            }
        })
    }

    /// Runs statements of SQLite on a thread for blocking work. If the caller is cancelled
    /// meanwhile, they run to their end and are rolled back.
    pub(crate) async fn run_blocking<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&rusqlite::Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Cause> {
        let mut handle = match std::mem::replace(&mut self.handle, Handle::SqliteLost) {
            Handle::Sqlite(handle) => handle,
            other => {
                self.handle = other;
                return Err(Cause::Closed);
            }
        };
        let running = spawn_blocking(move || {
            let outcome = match handle.raw() {
                Ok(raw) => job(raw),
                Err(_) => Err(Cause::Closed),
            };
            (handle, outcome)
        });
        // It fails only if the runtime shuts down.
        let (handle, outcome) = running.await.map_err(|_| Cause::Closed)?;
        self.handle = Handle::Sqlite(handle);
        outcome
    }

    /// Returns the outcome of a statement. In a transaction it also records a failure, so
    /// that all later statements are refused.
    pub(crate) fn record_failure<T>(&mut self, outcome: Result<T, Cause>) -> Result<T, Error> {
        let operation = match self.handle {
            Handle::Sqlite(sqlite::Handle::Body(_)) | Handle::PostgresWriter(_) => Operation::Write,
            _ => Operation::Read,
        };
        let error = match outcome {
            Ok(value) => {
                // A transaction has succeeded only when it is committed.
                if operation == Operation::Read {
                    self.outages.succeeded(operation);
                }
                return Ok(value);
            }
            Err(cause) => Error::from(cause),
        };
        self.outages.failed(operation, &error);
        self.replica_failed |= self.replica;
        if operation == Operation::Write {
            self.failure = Some(match error {
                Error::Conflict(_) => Failure::Conflict,
                _ => Failure::Other,
            });
        }
        Err(error)
    }
}

/// A connection within a transaction, where statements may change data; see
/// [`crate::write!`]. It dereferences to [`Connection`], so functions that read can be
/// called with a transaction too.
#[derive(Debug)]
pub struct Transaction {
    connection: Connection,
    /// The request id that [`crate::idempotency::claim`] claimed and whose response is
    /// not saved yet.
    pub(crate) claimed_request_id: Option<String>,
    /// The channels and keys that are notified after the commit.
    pub(crate) notifications: BTreeSet<(&'static str, String)>,
}

impl Transaction {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            claimed_request_id: None,
            notifications: BTreeSet::new(),
        }
    }

    /// Tells the listeners of a channel that the value of a key changed, as [`crate::Db::notify`]
    /// does, when the transaction is committed.
    pub fn notify(&mut self, channel: &'static str, key: impl Into<String>) {
        self.notifications.insert((channel, key.into()));
    }

    /// Commits, unless a statement has failed or the response of a claimed request id is
    /// not saved.
    ///
    /// The check for failed statements is necessary: PostgreSQL answers `COMMIT` of a
    /// failed transaction with a rollback and reports no error.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        if self.connection.failure.is_some() {
            return Err(Error::TransactionAborted);
        }
        if let Some(request_id) = self.claimed_request_id {
            return Err(Error::ResponseNotSaved { request_id });
        }
        let outcome = match self.connection.handle {
            Handle::Sqlite(sqlite::Handle::Body(body)) => body.commit().await,
            Handle::PostgresWriter(body) => body.commit().await,
            Handle::SqliteLost => Err(Error::TransactionAborted),
            Handle::Sqlite(sqlite::Handle::Reader(_)) | Handle::PostgresReader(_) => Ok(()),
        };
        match &outcome {
            Ok(()) => {
                self.connection.outages.succeeded(Operation::Write);
                let database = self.connection.outages.database();
                metrics::counter!("store_transactions_total", "database" => database).increment(1);
            }
            Err(error) => self.connection.outages.failed(Operation::Write, error),
        }
        outcome
    }

    /// Rolls back.
    ///
    /// # Errors
    /// If the transaction could see changes that are not committed after all.
    pub(crate) async fn rollback(self) -> Result<(), Error> {
        match self.connection.handle {
            Handle::Sqlite(sqlite::Handle::Body(body)) => body.rollback().await?,
            Handle::PostgresWriter(body) => body.rollback().await,
            Handle::Sqlite(sqlite::Handle::Reader(_))
            | Handle::SqliteLost
            | Handle::PostgresReader(_) => {}
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
