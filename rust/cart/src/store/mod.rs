//! SQL statements and rows. Each function runs on a connection or within a transaction; the
//! module `service` decides what belongs to one transaction.

pub(crate) mod carts;
pub(crate) mod deleted_accounts;
pub(crate) mod orders;
pub(crate) mod purchases;
pub(crate) mod resolutions;

use jiff::Timestamp;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use crate::CartError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The schema of Cart: the SQLite file `cart.db` or the PostgreSQL schema `cart`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "cart",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

fn to_uuid(text: &str) -> Result<Uuid, CartError> {
    Uuid::parse_str(text).map_err(|_| CartError::Corrupt(format!("the id {text:?}")))
}

fn to_time(micros: i64) -> Result<Timestamp, CartError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| CartError::Corrupt(format!("the time {micros}")))
}
