//! SQL statements and rows. Each function runs on a connection or within a transaction; the
//! module `service` decides what belongs to one transaction.
//!
//! Integers are `i64` in the database and `i32` in the contract.

pub(crate) mod books;
pub(crate) mod reservations;
pub(crate) mod stock;

use sqlx::migrate::Migrator;

use crate::InventoryError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The schema of Inventory: the SQLite file `inventory.db` or the PostgreSQL schema
/// `inventory`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "inventory",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

/// Converts an integer of the database; `what` names it in the error.
fn to_i32(value: i64, what: &'static str) -> Result<i32, InventoryError> {
    i32::try_from(value).map_err(|_| InventoryError::Corrupt(format!("the {what} {value}")))
}
