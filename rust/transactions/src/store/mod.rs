//! SQL statements and rows. Each function runs on a connection or within a transaction; the
//! module `service` decides what belongs to one transaction.

pub(crate) mod charges;
pub(crate) mod ledger;
pub(crate) mod receipts;
pub(crate) mod refunds;
pub(crate) mod resolutions;
pub(crate) mod settlement;

use jiff::Timestamp;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use crate::TransactionsError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The schema of Transactions: the SQLite file `transactions.db` or the PostgreSQL schema
/// `transactions`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "transactions",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

fn to_uuid(text: &str) -> Result<Uuid, TransactionsError> {
    Uuid::parse_str(text).map_err(|_| TransactionsError::Corrupt(format!("the id {text:?}")))
}

fn to_time(micros: i64) -> Result<Timestamp, TransactionsError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| TransactionsError::Corrupt(format!("the time {micros}")))
}

/// PostgreSQL cannot store U+0000.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
