//! SQL statements and rows. Each function runs on a connection or within a transaction; the
//! module `service` decides what belongs to one transaction.

pub(crate) mod accounts;
pub(crate) mod attempts;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod sign_ups;

use jiff::Timestamp;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use crate::AccountsError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The schema of Accounts: the SQLite file `accounts.db` or the PostgreSQL schema `accounts`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "accounts",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

fn to_uuid(text: &str) -> Result<Uuid, AccountsError> {
    Uuid::parse_str(text).map_err(|_| AccountsError::Corrupt(format!("the id {text:?}")))
}

fn to_time(micros: i64) -> Result<Timestamp, AccountsError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| AccountsError::Corrupt(format!("the time {micros}")))
}
