//! A connection of either engine, for reading or within a transaction.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, pool::PoolConnection};

use crate::{Engine, Error};

/// A connection on which statements run; see [`crate::read!`].
#[derive(Debug)]
pub struct Connection {
    held: Held,
    /// How the first failed statement of a transaction failed.
    failure: Option<Failure>,
}

#[derive(Debug)]
enum Held {
    SqliteReader(PoolConnection<Sqlite>),
    SqliteWriter(sqlx::Transaction<'static, Sqlite>),
    PostgresReader(PoolConnection<Postgres>),
    PostgresWriter(sqlx::Transaction<'static, Postgres>),
}

/// What a failed statement means for its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Another transaction was in the way: the body starts again.
    Conflict,
    /// The body has failed.
    Other,
}

pub(crate) enum Wire<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Connection {
    fn new(held: Held) -> Self {
        Self {
            held,
            failure: None,
        }
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match &self.held {
            Held::SqliteReader(_) | Held::SqliteWriter(_) => Engine::Sqlite,
            Held::PostgresReader(_) | Held::PostgresWriter(_) => Engine::Postgres,
        }
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// The connection of the engine, unless the transaction is doomed. SQLite needs this
    /// check: after some errors it has rolled back already, and what came later would be
    /// committed statement by statement.
    pub(crate) fn wire(&mut self) -> Result<Wire<'_>, Error> {
        if self.failure.is_some() {
            return Err(Error::Doomed);
        }
        Ok(match &mut self.held {
            Held::SqliteReader(connection) => Wire::Sqlite(connection),
            Held::SqliteWriter(transaction) => Wire::Sqlite(transaction),
            Held::PostgresReader(connection) => Wire::Postgres(connection),
            Held::PostgresWriter(transaction) => Wire::Postgres(transaction),
        })
    }

    /// Remembers a failure, which dooms a transaction.
    pub(crate) fn note<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, Error> {
        let error = match outcome {
            Ok(value) => return Ok(value),
            Err(error) => Error::from(error),
        };
        if matches!(self.held, Held::SqliteWriter(_) | Held::PostgresWriter(_)) {
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
        Self::new(Held::SqliteReader(connection))
    }
}

impl From<PoolConnection<Postgres>> for Connection {
    fn from(connection: PoolConnection<Postgres>) -> Self {
        Self::new(Held::PostgresReader(connection))
    }
}

/// A connection within a transaction, where statements may change data; see
/// [`crate::write!`]. Whatever takes a [`Connection`] takes a transaction too.
#[derive(Debug)]
pub struct Transaction {
    connection: Connection,
    /// The request id that [`crate::replay::check`] claimed and that waits for its
    /// response.
    pub(crate) claimed: Option<String>,
}

impl Transaction {
    fn new(held: Held) -> Self {
        Self {
            connection: Connection::new(held),
            claimed: None,
        }
    }

    /// Commits, unless that would lose a statement or a response.
    ///
    /// PostgreSQL answers the commit of a failed transaction by rolling it back, and
    /// that is no error to it.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        if self.connection.failure.is_some() {
            return Err(Error::Doomed);
        }
        if let Some(request_id) = self.claimed {
            return Err(Error::ResponseNotKept { request_id });
        }
        match self.connection.held {
            Held::SqliteWriter(transaction) => transaction.commit().await?,
            Held::PostgresWriter(transaction) => transaction.commit().await?,
            Held::SqliteReader(_) | Held::PostgresReader(_) => {}
        }
        Ok(())
    }

    /// Rolls back. An error here is of no interest: the pool tests the connection and
    /// closes it, and so the database rolls back by itself.
    pub(crate) async fn roll_back(self) {
        let outcome = match self.connection.held {
            Held::SqliteWriter(transaction) => transaction.rollback().await,
            Held::PostgresWriter(transaction) => transaction.rollback().await,
            Held::SqliteReader(_) | Held::PostgresReader(_) => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "rollback failed");
        }
    }
}

impl From<sqlx::Transaction<'static, Sqlite>> for Transaction {
    fn from(transaction: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self::new(Held::SqliteWriter(transaction))
    }
}

impl From<sqlx::Transaction<'static, Postgres>> for Transaction {
    fn from(transaction: sqlx::Transaction<'static, Postgres>) -> Self {
        Self::new(Held::PostgresWriter(transaction))
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
