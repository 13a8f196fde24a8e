//! Statements.

use sqlx::{FromRow, Postgres, Sqlite, postgres::PgRow, sqlite::SqliteRow};

use crate::{Connection, Engine, Error, Transaction, Value, connection::Wire, value};

/// The text of a statement, for both engines. Never made at run time: what varies is
/// bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// One text for both engines, in the portable subset.
    pub const fn same(text: &'static str) -> Self {
        Self::each(text, text)
    }

    /// A text for each engine, with the same parameters and columns.
    pub const fn each(sqlite: &'static str, postgres: &'static str) -> Self {
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
        Self::same(text)
    }
}

/// A row of either engine: a tuple, or a struct that derives [`sqlx::FromRow`].
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<R> Row for R where R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// A statement that is about to run.
#[derive(Debug, Clone)]
#[must_use = "a statement does nothing until it is executed or fetched"]
pub struct Query<'q> {
    sql: Sql,
    values: Vec<Value<'q>>,
}

/// Starts a statement; bind its parameters in the order of their numbers.
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

    /// Runs a statement that changes data; gives the number of changed rows.
    ///
    /// # Errors
    /// As [`Error`]; the transaction is then doomed.
    pub async fn execute(self, transaction: &mut Transaction) -> Result<u64, Error> {
        let outcome = match transaction.wire()? {
            Wire::Sqlite(wire) => {
                let arguments = value::sqlite(self.values)?;
                let query = sqlx::query_with::<Sqlite, _>(self.sql.sqlite, arguments);
                query.execute(wire).await.map(|done| done.rows_affected())
            }
            Wire::Postgres(wire) => {
                let arguments = value::postgres(self.values)?;
                let query = sqlx::query_with::<Postgres, _>(self.sql.postgres, arguments);
                query.execute(wire).await.map(|done| done.rows_affected())
            }
        };
        transaction.note(outcome)
    }

    /// Fetches all rows: bound them by `LIMIT`.
    ///
    /// # Errors
    /// As [`Error`]; a transaction is then doomed.
    pub async fn fetch_all<R: Row>(self, connection: &mut Connection) -> Result<Vec<R>, Error> {
        let outcome = match connection.wire()? {
            Wire::Sqlite(wire) => {
                let arguments = value::sqlite(self.values)?;
                let query = sqlx::query_as_with::<Sqlite, R, _>(self.sql.sqlite, arguments);
                query.fetch_all(wire).await
            }
            Wire::Postgres(wire) => {
                let arguments = value::postgres(self.values)?;
                let query = sqlx::query_as_with::<Postgres, R, _>(self.sql.postgres, arguments);
                query.fetch_all(wire).await
            }
        };
        connection.note(outcome)
    }

    /// Fetches the first row, if there is one.
    ///
    /// # Errors
    /// As [`Error`]; a transaction is then doomed.
    pub async fn fetch_optional<R: Row>(
        self,
        connection: &mut Connection,
    ) -> Result<Option<R>, Error> {
        let outcome = match connection.wire()? {
            Wire::Sqlite(wire) => {
                let arguments = value::sqlite(self.values)?;
                let query = sqlx::query_as_with::<Sqlite, R, _>(self.sql.sqlite, arguments);
                query.fetch_optional(wire).await
            }
            Wire::Postgres(wire) => {
                let arguments = value::postgres(self.values)?;
                let query = sqlx::query_as_with::<Postgres, R, _>(self.sql.postgres, arguments);
                query.fetch_optional(wire).await
            }
        };
        connection.note(outcome)
    }

    /// Fetches the row that there always is, as of a `COUNT`.
    ///
    /// # Errors
    /// As [`Error`], also if there is no row; a transaction is then doomed.
    pub async fn fetch_one<R: Row>(self, connection: &mut Connection) -> Result<R, Error> {
        match self.fetch_optional(connection).await? {
            Some(row) => Ok(row),
            None => connection.note(Err(sqlx::Error::RowNotFound)),
        }
    }
}
