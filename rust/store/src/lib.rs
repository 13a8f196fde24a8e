//! SQLite or PostgreSQL behind one small API.
//!
//! A service writes each statement once, in the subset that both engines speak,
//! and each body of code once; which engine runs it is a setting.
//!
//! ```
//! use store::{Connection, Db, Error, Schema, Sql, Transaction, replay};
//!
//! static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/current/sqlite");
//! static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/current/postgres");
//! /// One file `ledger.db`, or one PostgreSQL schema `ledger`.
//! pub static SCHEMA: Schema = Schema { name: "ledger", sqlite: &SQLITE, postgres: &POSTGRES };
//!
//! const BALANCE: Sql = Sql::same("SELECT owner, balance FROM accounts WHERE account_id = $1");
//! const WITHDRAW: Sql = Sql::same(
//!     "UPDATE accounts SET balance = balance - $2
//!      WHERE account_id = $1 AND balance >= $2",
//! );
//! /// Where the engines differ there are two texts with the same parameters.
//! const OWNERS: Sql = Sql::each(
//!     "SELECT owner FROM accounts WHERE account_id IN (SELECT value FROM json_each($1))",
//!     "SELECT owner FROM accounts WHERE account_id = ANY($1)",
//! );
//!
//! #[derive(sqlx::FromRow)]
//! struct Account {
//!     owner: String,
//!     balance: i64,
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
//!   or `BYTEA` (PostgreSQL). Whole numbers are read as `i64` only: PostgreSQL
//!   refuses any other width. Times are `BIGINT` microseconds since 1970. Ids are
//!   made in Rust.
//! - `SUM` of a `BIGINT` is a `NUMERIC` in PostgreSQL: write
//!   `CAST(SUM(x) AS BIGINT)`.
//! - Text that is ordered or paged by is declared `TEXT COLLATE "C"` in the
//!   PostgreSQL migration, so that both engines sort it by bytes. The clusters of
//!   [`testing`] sort otherwise by the rules of English, to show what was forgotten.
//! - A service lists its statements, and a test lets both engines prepare each of
//!   them: `store::testing::prepare_all`.
//!
//! # Transactions
//! [`write!`] runs its body in a transaction, commits on `Ok` and rolls back on
//! `Err`. A body may run more than once: if another transaction was in the way
//! (serialization failure, deadlock, busy file), it starts again, ten times or five
//! seconds at most, after a random wait. So a body has no effect but on the
//! database.
//!
//! On SQLite one writer runs at a time (`BEGIN IMMEDIATE`). On PostgreSQL the
//! isolation is READ COMMITTED: a row that is much in demand, the stock of a
//! bestseller, makes its writers queue; under SERIALIZABLE they would fail and
//! start again by the dozen. The price is three rules for bodies:
//! 1. Condition and change are one statement: `UPDATE .. SET n = n - $2 WHERE id =
//!    $1 AND n >= $2`, and the number of changed rows says whether it held.
//! 2. What is read before it is changed by several statements is locked first, by
//!    an `UPDATE` of that row (`SET n = n .. RETURNING ..`); several rows are locked
//!    in the order of their ids.
//! 3. What must never be is also a `CHECK` of the table.
//!
//! A statement that fails dooms its transaction on both engines: later statements
//! and the commit are refused, as PostgreSQL does. Expected conflicts are no
//! failures but are said: `ON CONFLICT DO NOTHING`.
//!
//! Whatever was committed survives a crash of the process, of the machine, and the
//! loss of power (`synchronous=FULL`, `synchronous_commit=on`).
//!
//! # Migrations
//! They are embedded by the service crate, run at open and only go forward: data
//! written by a newer version is refused. On SQLite all of them run in one
//! transaction. A `build.rs` with `cargo:rerun-if-changed=migrations` makes cargo
//! see new files.

#![forbid(unsafe_code)]

mod connection;
mod db;
mod error;
mod location;
mod open;
mod query;
pub mod replay;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use connection::{Connection, Transaction};
pub use db::{Db, Engine, Schema};
pub use error::Error;
pub use location::{Location, LocationError};
pub use open::OpenError;
pub use query::{Query, Row, Sql, query};
pub use value::Value;
#[doc(hidden)]
pub use write::Attempts;

/// Runs one body on a connection for reading:
/// `read!(db, connection => expression)`.
///
/// The body gets `connection: &mut Connection`, may `.await` and use `?`, and gives a
/// `Result<T, E>` with `E: From<store::Error>`; that is the value of the macro. Where the
/// compiler cannot know `E`, say it: `let count: Result<i64, Error> = read!(..)`. Each
/// statement sees what is committed when it starts.
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

/// Runs one body in a transaction: `write!(db, transaction => expression)`.
///
/// The body gets `transaction: &mut Transaction`, may `.await` and use `?`, and gives a
/// `Result<T, E>` with `E: From<store::Error>`; that is the value of the macro. `Ok`
/// commits, `Err` rolls back. The body may run several times: see the crate's
/// documentation.
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
