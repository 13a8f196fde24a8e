//! Statements and rows. Each function is one step on a connection or in a transaction;
//! what belongs together is decided by the service.
//!
//! Whole numbers are `i64` in the database and `i32` in the contract.

pub(crate) mod books;
pub(crate) mod reservations;
pub(crate) mod search;
pub(crate) mod stock;

use sqlx::migrate::Migrator;

use crate::InventoryError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The data of Inventory: the file `inventory.db`, or the PostgreSQL schema `inventory`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "inventory",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

/// A number of the database as a number of the contract.
fn number(value: i64, what: &'static str) -> Result<i32, InventoryError> {
    i32::try_from(value).map_err(|_| InventoryError::Corrupt(format!("the {what} {value}")))
}
