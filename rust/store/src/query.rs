//! SQL statements: their text, their parameters and how they run.

use sqlx::Postgres;

use crate::{
    Cause, Connection, Engine, Error, Row, RowRef, Transaction, Value, connection::RawConnection,
    sqlite::statement, value,
};

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

/// A statement with its parameters, ready to run.
#[derive(Debug, Clone)]
#[must_use = "a statement does nothing until it is executed or fetched"]
pub struct Query<'q> {
    sql: Sql,
    values: Vec<Value<'q>>,
    long_running: bool,
}

/// Creates a statement. Bind its parameters in the order `$1`, `$2`, ...
pub fn query<'q>(sql: impl Into<Sql>) -> Query<'q> {
    Query {
        sql: sql.into(),
        values: Vec::new(),
        long_running: false,
    }
}

impl<'q> Query<'q> {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Declares that the statement may take longer than a millisecond, because it reads or
    /// writes many rows. On SQLite it then runs on a thread for blocking work.
    pub fn long_running(mut self) -> Self {
        self.long_running = true;
        self
    }

    /// Runs a statement that changes data, and returns the number of changed rows.
    ///
    /// # Errors
    /// [`Error`] if the statement fails, which aborts the transaction.
    pub async fn execute(self, transaction: &mut Transaction) -> Result<u64, Error> {
        let text = self.sql.text(transaction.engine());
        let outcome = match transaction.raw()? {
            RawConnection::Sqlite(_) if self.long_running => {
                let values = value::into_owned(self.values);
                let job = move |raw: &_| statement::execute(raw, text, &values);
                transaction.run_blocking(job).await
            }
            RawConnection::Sqlite(raw) => statement::execute(raw, text, &self.values),
            RawConnection::Postgres(raw, postgres) => {
                let arguments = value::postgres_arguments(self.values)?;
                let query = sqlx::query_with::<Postgres, _>(text, arguments);
                let done = postgres.supervise(query.execute(raw)).await;
                done.map(|done| done.rows_affected())
            }
        };
        transaction.record_failure(outcome)
    }

    /// Fetches all rows. Use `LIMIT` in the statement to bound their number.
    ///
    /// # Errors
    /// [`Error`] if the statement fails, which aborts a transaction.
    pub async fn fetch_all<R: Row>(self, connection: &mut Connection) -> Result<Vec<R>, Error> {
        self.fetch(connection, usize::MAX).await
    }

    /// Fetches the first row, if there is one.
    ///
    /// # Errors
    /// [`Error`] if the statement fails, which aborts a transaction.
    pub async fn fetch_optional<R: Row>(
        self,
        connection: &mut Connection,
    ) -> Result<Option<R>, Error> {
        Ok(self.fetch(connection, 1).await?.pop())
    }

    /// Fetches the first row of a statement that always has one, such as `SELECT COUNT(*)`.
    ///
    /// # Errors
    /// [`Error`] if the statement fails or returns no row, which aborts a transaction.
    pub async fn fetch_one<R: Row>(self, connection: &mut Connection) -> Result<R, Error> {
        match self.fetch_optional(connection).await? {
            Some(row) => Ok(row),
            None => connection.record_failure(Err(Cause::NoRow)),
        }
    }

    /// Fetches the first rows, at most `limit`.
    async fn fetch<R: Row>(
        self,
        connection: &mut Connection,
        limit: usize,
    ) -> Result<Vec<R>, Error> {
        let text = self.sql.text(connection.engine());
        let outcome = match connection.raw()? {
            RawConnection::Sqlite(_) if self.long_running => {
                let values = value::into_owned(self.values);
                let job = move |raw: &_| statement::fetch(raw, text, &values, limit);
                connection.run_blocking(job).await
            }
            RawConnection::Sqlite(raw) => statement::fetch(raw, text, &self.values, limit),
            RawConnection::Postgres(raw, postgres) => {
                let arguments = value::postgres_arguments(self.values)?;
                let query = sqlx::query_with::<Postgres, _>(text, arguments);
                let rows = if limit == 1 {
                    let row = postgres.supervise(query.fetch_optional(raw)).await;
                    row.map(Vec::from_iter)
                } else {
                    postgres.supervise(query.fetch_all(raw)).await
                };
                let read = |row| R::from_row(&RowRef::Postgres(&row));
                rows.and_then(|rows| rows.into_iter().map(read).collect())
            }
        };
        connection.record_failure(outcome)
    }
}
