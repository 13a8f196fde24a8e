//! SQL statements and rows. Each function runs on a connection or within a transaction; the
//! module `service` decides what belongs to one transaction.

pub(crate) mod carts;
pub(crate) mod orders;

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The schema of Cart: the SQLite file `cart.db` or the PostgreSQL schema `cart`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "cart",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};
