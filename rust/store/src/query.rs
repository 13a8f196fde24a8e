//! SQL statements: their text, their parameters and how they run.

use sqlx::{FromRow, Postgres, Sqlite, postgres::PgRow, sqlite::SqliteRow};

use crate::{Connection, Engine, Error, Transaction, Value, connection::RawConnection, value};

/// The text of a statement, for both engines. It is a constant; values that vary are bound
/// as parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// One text for both engines, in the portable subset (see the crate documentation).
    pub const fn portable(text: &'static str) -> Self {
        Self::per_engine(text, text)
    }

    /// One text for each engine, with the same parameters and columns.
    pub const fn per_engine(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// The text for one engine.
    pub const fn text(self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::portable(text)
    }
}

/// A row of either engine: a tuple, or a struct that derives [`sqlx::FromRow`].
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<R> Row for R where R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// A statement with its parameters, ready to run.
#[derive(Debug, Clone)]
#[must_use = "a statement does nothing until it is executed or fetched"]
pub struct Query<'q> {
    sql: Sql,
    values: Vec<Value<'q>>,
}

/// Creates a statement. Bind its parameters in the order `$1`, `$2`, ...
pub fn query<'q>(sql: impl Into<Sql>) -> Query<'q> {
    Query {
        sql: sql.into(),
        values: Vec::new(),
    }
}

impl<'q> Query<'q> {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs a statement that changes data, and returns the number of changed rows.
    ///
    /// # Errors
    /// [`Error`] if the statement fails, which aborts the transaction.
    pub async fn execute(self, transaction: &mut Transaction) -> Result<u64, Error> {
        let outcome = match transaction.raw()? {
            RawConnection::Sqlite(raw) => {
                let arguments = value::sqlite_arguments(self.values)?;
                let query = sqlx::query_with::<Sqlite, _>(self.sql.sqlite, arguments);
                query.execute(raw).await.map(|done| done.rows_affected())
            }
            RawConnection::Postgres(raw) => {
                let arguments = value::postgres_arguments(self.values)?;
                let query = sqlx::query_with::<Postgres, _>(self.sql.postgres, arguments);
                query.execute(raw).await.map(|done| done.rows_affected())
            }
        };
        transaction.record_failure(outcome)
    }

    /// Fetches all rows. Use `LIMIT` in the statement to bound their number.
    ///
    /// # Errors
    /// [`Error`] if the statement fails, which aborts a transaction.
    pub async fn fetch_all<R: Row>(self, connection: &mut Connection) -> Result<Vec<R>, Error> {
        let outcome = match connection.raw()? {
            RawConnection::Sqlite(raw) => {
                let arguments = value::sqlite_arguments(self.values)?;
                let query = sqlx::query_as_with::<Sqlite, R, _>(self.sql.sqlite, arguments);
                query.fetch_all(raw).await
            }
            RawConnection::Postgres(raw) => {
                let arguments = value::postgres_arguments(self.values)?;
                let query = sqlx::query_as_with::<Postgres, R, _>(self.sql.postgres, arguments);
                query.fetch_all(raw).await
            }
        };
        connection.record_failure(outcome)
    }

    /// Fetches the first row, if there is one.
    ///
    /// # Errors
    /// [`Error`] if the statement fails, which aborts a transaction.
    pub async fn fetch_optional<R: Row>(
        self,
        connection: &mut Connection,
    ) -> Result<Option<R>, Error> {
        let outcome = match connection.raw()? {
            RawConnection::Sqlite(raw) => {
                let arguments = value::sqlite_arguments(self.values)?;
                let query = sqlx::query_as_with::<Sqlite, R, _>(self.sql.sqlite, arguments);
                query.fetch_optional(raw).await
            }
            RawConnection::Postgres(raw) => {
                let arguments = value::postgres_arguments(self.values)?;
                let query = sqlx::query_as_with::<Postgres, R, _>(self.sql.postgres, arguments);
                query.fetch_optional(raw).await
            }
        };
        connection.record_failure(outcome)
    }

    /// Fetches the first row of a statement that always has one, such as `SELECT COUNT(*)`.
    ///
    /// # Errors
    /// [`Error`] if the statement fails or returns no row, which aborts a transaction.
    pub async fn fetch_one<R: Row>(self, connection: &mut Connection) -> Result<R, Error> {
        match self.fetch_optional(connection).await? {
            Some(row) => Ok(row),
            None => connection.record_failure(Err(sqlx::Error::RowNotFound)),
        }
    }
}
