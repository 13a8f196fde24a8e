//! A connection to either engine, for reading or within a transaction.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, pool::PoolConnection};

use crate::{Engine, Error};

/// A connection to SQLite or PostgreSQL on which statements run; see [`crate::read!`].
#[derive(Debug)]
pub struct Connection {
    handle: Handle,
    /// The kind of the first failure in this transaction; always `None` for a reader.
    failure: Option<Failure>,
}

#[derive(Debug)]
enum Handle {
    SqliteReader(PoolConnection<Sqlite>),
    SqliteWriter(sqlx::Transaction<'static, Sqlite>),
    PostgresReader(PoolConnection<Postgres>),
    PostgresWriter(sqlx::Transaction<'static, Postgres>),
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
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Connection {
    fn new(handle: Handle) -> Self {
        Self {
            handle,
            failure: None,
        }
    }

    /// The engine that this connection belongs to.
    pub fn engine(&self) -> Engine {
        match &self.handle {
            Handle::SqliteReader(_) | Handle::SqliteWriter(_) => Engine::Sqlite,
            Handle::PostgresReader(_) | Handle::PostgresWriter(_) => Engine::Postgres,
        }
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// The sqlx connection, unless a statement of this transaction has already failed.
    ///
    /// SQLite needs this check: some errors, for example a full disk, make it roll back
    /// at once. It would then commit each later statement on its own.
    pub(crate) fn raw(&mut self) -> Result<RawConnection<'_>, Error> {
        if self.failure.is_some() {
            return Err(Error::TransactionAborted);
        }
        Ok(match &mut self.handle {
            Handle::SqliteReader(connection) => RawConnection::Sqlite(connection),
            Handle::SqliteWriter(transaction) => RawConnection::Sqlite(transaction),
            Handle::PostgresReader(connection) => RawConnection::Postgres(connection),
            Handle::PostgresWriter(transaction) => RawConnection::Postgres(transaction),
        })
    }

    /// Returns the outcome of a statement. In a transaction it also records a failure, so
    /// that all later statements are refused.
    pub(crate) fn record_failure<T>(
        &mut self,
        outcome: Result<T, sqlx::Error>,
    ) -> Result<T, Error> {
        let error = match outcome {
            Ok(value) => return Ok(value),
            Err(error) => Error::from(error),
        };
        if matches!(
            self.handle,
            Handle::SqliteWriter(_) | Handle::PostgresWriter(_)
        ) {
            self.failure = Some(match error {
                Error::Conflict(_) => Failure::Conflict,
                _ => Failure::Other,
            });
        }
        Err(error)
    }
}

impl From<PoolConnection<Sqlite>> for Connection {
    fn from(connection: PoolConnection<Sqlite>) -> Self {
        Self::new(Handle::SqliteReader(connection))
    }
}

impl From<PoolConnection<Postgres>> for Connection {
    fn from(connection: PoolConnection<Postgres>) -> Self {
        Self::new(Handle::PostgresReader(connection))
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
}

impl Transaction {
    fn new(handle: Handle) -> Self {
        Self {
            connection: Connection::new(handle),
            claimed_request_id: None,
        }
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
        match self.connection.handle {
            Handle::SqliteWriter(transaction) => transaction.commit().await?,
            Handle::PostgresWriter(transaction) => transaction.commit().await?,
            Handle::SqliteReader(_) | Handle::PostgresReader(_) => {}
        }
        Ok(())
    }

    /// Rolls back. An error is only logged: the pool then closes the connection, and the
    /// database rolls back by itself.
    pub(crate) async fn rollback(self) {
        let outcome = match self.connection.handle {
            Handle::SqliteWriter(transaction) => transaction.rollback().await,
            Handle::PostgresWriter(transaction) => transaction.rollback().await,
            Handle::SqliteReader(_) | Handle::PostgresReader(_) => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "rollback failed");
        }
    }
}

impl From<sqlx::Transaction<'static, Sqlite>> for Transaction {
    fn from(transaction: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self::new(Handle::SqliteWriter(transaction))
    }
}

impl From<sqlx::Transaction<'static, Postgres>> for Transaction {
    fn from(transaction: sqlx::Transaction<'static, Postgres>) -> Self {
        Self::new(Handle::PostgresWriter(transaction))
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
