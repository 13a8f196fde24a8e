//! The opened database of a service.

use std::fmt;

use sqlx::{PgPool, SqlitePool, migrate::Migrator};

use crate::{Connection, Error, Location, OpenError, Transaction, open};

/// What a service keeps and under which name.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The file `<name>.db` or the PostgreSQL schema of that name: lower-case letters and
    /// underscores.
    pub name: &'static str,
    /// The migrations for SQLite.
    pub sqlite: &'static Migrator,
    /// The migrations for PostgreSQL.
    pub postgres: &'static Migrator,
}

/// Which database it is, for the few statements that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// One file, one writer.
    Sqlite,
    /// A server.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// The opened database of a service; clones share their connections.
#[derive(Debug, Clone)]
pub struct Db(pub(crate) Pools);

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// In write-ahead mode readers never wait for the writer, and there can be but one
    /// writer: one connection queues them fairly.
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    /// Opens the database of `schema`, creates it if it is missing and brings it up to
    /// date.
    ///
    /// # Errors
    /// One line that says what to do: see [`OpenError`].
    pub async fn open(location: &Location, schema: &Schema) -> Result<Self, OpenError> {
        let pools = match location {
            Location::Folder(folder) => open::sqlite::open(folder, schema).await?,
            Location::Postgres(url) => open::postgres::open(url, schema).await?,
        };
        Ok(Self(pools))
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match &self.0 {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// Asks the database for a sign of life, for health checks.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there is none.
    pub async fn ready(&self) -> Result<(), Error> {
        let mut connection = self.acquire().await?;
        crate::query("SELECT 1")
            .fetch_all::<()>(&mut connection)
            .await?;
        Ok(())
    }

    /// Waits for what is running and closes all connections; SQLite then needs no
    /// recovery at the next start. Skipping it loses nothing.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection for reading; [`crate::read!`] is the way to use it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if none was free within five seconds.
    pub async fn acquire(&self) -> Result<Connection, Error> {
        Ok(match &self.0 {
            Pools::Sqlite { readers, .. } => readers.acquire().await?.into(),
            Pools::Postgres(pool) => pool.acquire().await?.into(),
        })
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        Ok(match &self.0 {
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await?.into(),
            Pools::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
                pool.begin_with(begin).await?.into()
            }
        })
    }
}
