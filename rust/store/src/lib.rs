//! SQLite or PostgreSQL behind one small API.
//!
//! A service writes each statement once, in the subset of SQL that both engines
//! understand, and each transaction once. A setting chooses the engine.
//!
//! ```
//! use store::{Connection, Db, Error, Schema, Sql, Transaction, idempotency};
//!
//! static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/current/sqlite");
//! static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/current/postgres");
//! /// One file `ledger.db`, or one PostgreSQL schema `ledger`.
//! pub static SCHEMA: Schema = Schema { name: "ledger", sqlite: &SQLITE, postgres: &POSTGRES };
//!
//! const BALANCE: Sql = Sql::portable("SELECT owner, balance FROM accounts WHERE account_id = $1");
//! const WITHDRAW: Sql = Sql::portable(
//!     "UPDATE accounts SET balance = balance - $2
//!      WHERE account_id = $1 AND balance >= $2",
//! );
//! /// Where the engines differ, a statement has two texts with the same parameters.
//! const OWNERS: Sql = Sql::per_engine(
//!     "SELECT owner FROM accounts WHERE account_id IN (SELECT value FROM json_each($1))",
//!     "SELECT owner FROM accounts WHERE account_id = ANY($1)",
//! );
//!
//! store::row! {
//!     struct Account {
//!         owner: String,
//!         balance: i64,
//!     }
//! }
//!
//! async fn account(connection: &mut Connection, id: i64) -> Result<Option<Account>, Error> {
//!     store::query(BALANCE).bind(id).fetch_optional(connection).await
//! }
//!
//! /// `Ok(false)` if the balance is too small.
//! async fn withdraw(db: &Db, id: i64, amount: i64) -> Result<bool, Error> {
//!     store::write!(db, transaction => {
//!         let changed = store::query(WITHDRAW).bind(id).bind(amount).execute(transaction).await?;
//!         Ok(changed == 1)
//!     })
//! }
//!
//! async fn owners(db: &Db, ids: &[i64]) -> Result<Vec<(String,)>, Error> {
//!     store::read!(db, connection => store::query(OWNERS).bind(ids).fetch_all(connection).await)
//! }
//! ```
//!
//! # The portable subset
//! - `$1`, `$2`, ... placeholders; `ON CONFLICT (..) DO UPDATE/NOTHING`,
//!   `UPDATE .. RETURNING`, common table expressions.
//! - Columns are `TEXT`, `BIGINT`, `BOOLEAN`, `DOUBLE PRECISION`, `BLOB` (SQLite)
//!   or `BYTEA` (PostgreSQL). Integers are read as `i64` only: sqlx refuses to read a
//!   PostgreSQL `BIGINT` as any other width. Times are `BIGINT` microseconds since
//!   1970. Ids are generated in Rust, not by the database.
//! - `SUM` of a `BIGINT` is a `NUMERIC` in PostgreSQL: write
//!   `CAST(SUM(x) AS BIGINT)`.
//! - Text columns in an `ORDER BY` or a page token are declared `TEXT COLLATE "C"` in
//!   the PostgreSQL migration, so that both engines sort them by bytes. The test
//!   clusters of [`testing`] use an English collation by default, so that a missing
//!   `COLLATE "C"` makes a test fail.
//! - A service declares its statements by [`statements!`], which lists them, and a test
//!   prepares each of them on both engines: `store::testing::prepare_all`.
//!
//! # Transactions
//! [`write!`] runs its body in a transaction, commits on `Ok` and rolls back on
//! `Err`. A body may run more than once: after a conflict with another transaction
//! (serialization failure, deadlock, busy file) it is retried after a random wait, up
//! to ten times or five seconds. Therefore a body must have no side effects outside
//! the database.
//!
//! On SQLite one body runs at a time, in its own savepoint, and one commit serves all bodies
//! that wait: a body that fails is rolled back alone, and a body is acknowledged when its
//! changes are on the disk. So that a commit cannot fail because of one of them, no foreign
//! key is `DEFERRABLE`. Statements run on the thread of the caller; those that read or write
//! many rows are marked by [`Query::long_running`]. On PostgreSQL the
//! isolation level is READ COMMITTED. The writers of a contended row, such as the stock
//! of a bestseller, then wait for each other; under SERIALIZABLE most of them would
//! fail and be retried. READ COMMITTED requires three rules for bodies:
//! 1. The condition and the change are one statement: `UPDATE .. SET n = n - $2 WHERE id =
//!    $1 AND n >= $2`, and the number of changed rows tells whether the condition held.
//! 2. A body that reads rows and changes them in later statements locks them first, by
//!    an `UPDATE` of the row (`SET n = n .. RETURNING ..`). It locks several rows in the
//!    order of their ids, which avoids deadlocks.
//! 3. Every invariant of a row is also a `CHECK` constraint of the table.
//!
//! After a failed statement the transaction is aborted on both engines: later
//! statements and the commit are refused, as in PostgreSQL. A statement that expects a
//! duplicate key says so, so that it does not fail: `ON CONFLICT DO NOTHING`.
//!
//! Committed data survives a crash of the process or the machine and a loss of power
//! (`synchronous=FULL`, `synchronous_commit=on`).
//!
//! `just bench --only writes` measures ReserveStock with 64 callers. On two cores with a fast
//! disk it gave 3,478 calls/s with a commit for each transaction of SQLite and 20,981 with
//! group commit (p99 37 and 5 ms), and 2,930 on PostgreSQL. There the round trips of ten
//! connections are the limit: a `commit_delay` of 200 or 1000 µs changed nothing (2,942 and
//! 2,883, p99 37 and 50 in place of 31 ms), so it is best left at 0.
//!
//! # A dead database
//! When something takes half a second, or a connection fails, a connection of its own tests
//! whether the PostgreSQL server answers within a second. If not, all calls fail at once with
//! [`Error::Unavailable`], running ones too, until it answers again: see
//! [`Db::availability`]. A caller that waits two seconds for a connection of a server that
//! answers gets [`Error::Overloaded`].
//!
//! The log has one line when a database begins to fail and one when it works again, on both
//! engines; it has none for each failed call.
//!
//! # Notifications
//! [`Db::notify`] and [`Transaction::notify`] tell listeners ([`Db::listen`]) what changed, at
//! once and also in other processes on one PostgreSQL database. A notification may be lost, so
//! it never replaces looking for changes now and then. A process that listens uses one
//! connection more.
//!
//! # Read replicas
//! [`read_stale!`] reads from a read replica of PostgreSQL ([`Db::with_replicas`]). It is for
//! what a caller only looks at: whoever decides by what it reads takes [`read!`]. Which replicas
//! have what a caller must see is decided by positions in the write-ahead log, see
//! [`consistency`]; a replica that is more than two seconds behind, that belongs to another
//! primary, or that fails is not read. While the primary does not answer, replicas still do.
//!
//! # Migrations
//! The service crate embeds its migrations. They run when the database is opened, and
//! there are no down migrations: data written by a newer version is refused at the start.
//! Processes that run go on, so a migration should only add; what it replaces is removed by a
//! later version, when no process of the older one runs any more. On SQLite
//! all migrations run in one transaction. A `build.rs` with
//! `cargo:rerun-if-changed=migrations` makes cargo notice new files.
//!
//! Every schema also has the tables of the modules [`idempotency`] and [`outbox`]. Their
//! migrations belong to this crate and have version numbers of their own.

#![forbid(unsafe_code)]

pub mod backup;
mod connection;
mod db;
mod error;
pub mod idempotency;
mod location;
mod migrations;
mod notify;
mod open;
mod outage;
pub mod outbox;
mod pool_metrics;
mod postgres;
mod query;
mod replicas;
mod retry;
mod row;
mod sqlite;
mod statements;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod value;

pub use connection::{Connection, Transaction};
pub use db::{Db, Engine, Schema};
pub use error::{Cause, Error};
pub use location::{Location, LocationError};
pub use notify::{Changes, Listener};
pub use open::{Inspection, OpenError, SchemaState, inspect, wait_for_server};
pub use query::{Query, Sql, query};
#[doc(hidden)]
pub use replicas::StaleRead;
#[doc(hidden)]
pub use retry::Attempts;
pub use row::{Column, Row, RowRef};
pub use value::Value;

/// Runs one body on a connection for reading:
/// `read!(db, connection => expression)`.
///
/// The body gets `connection: &mut Connection`, may use `.await` and `?`, and returns a
/// `Result<T, E>` with `E: From<store::Error>`, which is the value of the macro. Where the
/// compiler cannot infer `E`, name it: `let count: Result<i64, Error> = read!(..)`. Each
/// statement sees the data that was committed when the statement started.
#[macro_export]
macro_rules! read {
    ($db:expr, $connection:ident => $body:expr) => {{
        let db: &$crate::Db = &$db;
        match db.acquire().await {
            Ok(mut open) => {
                let $connection: &mut $crate::Connection = &mut open;
                async { $body }.await
            }
            Err(error) => Err(::core::convert::From::from(error)),
        }
    }};
}

/// Runs one body as [`read!`] does, on a connection that may see the data of up to two seconds
/// ago: on a read replica if there is one, and if the caller has a [`consistency::Session`] whose
/// writes it has. Where a replica fails, the body runs again on the primary.
#[macro_export]
macro_rules! read_stale {
    ($db:expr, $connection:ident => $body:expr) => {{
        let mut read = $crate::StaleRead::new(&$db);
        loop {
            let mut open = match read.acquire().await {
                Ok(open) => open,
                Err(error) => break Err(::core::convert::From::from(error)),
            };
            let outcome = {
                let $connection: &mut $crate::Connection = &mut open;
                async { $body }.await
            };
            if outcome.is_ok() || !read.is_repeated(&open) {
                break outcome;
            }
        }
    }};
}

/// Runs one body in a transaction: `write!(db, transaction => expression)`.
///
/// The body gets `transaction: &mut Transaction`, may use `.await` and `?`, and returns a
/// `Result<T, E>` with `E: From<store::Error>`, which is the value of the macro. `Ok`
/// commits, `Err` rolls back. The body may run several times: see "Transactions" in the
/// documentation of this crate.
#[macro_export]
macro_rules! write {
    ($db:expr, $transaction:ident => $body:expr) => {{
        let db: &$crate::Db = &$db;
        let mut attempts = $crate::Attempts::new(db);
        loop {
            let mut open = match attempts.begin().await {
                Ok(open) => open,
                Err(error) => break Err(::core::convert::From::from(error)),
            };
            let outcome = {
                let $transaction: &mut $crate::Transaction = &mut open;
                async { $body }.await
            };
            if let ::core::ops::ControlFlow::Break(outcome) = attempts.finish(open, outcome).await {
                break outcome;
            }
        }
    }};
}
