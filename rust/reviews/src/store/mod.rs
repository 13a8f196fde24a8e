//! SQL statements and rows. Each function runs on a connection or within a transaction; the
//! module `service` decides what belongs to one transaction.

pub(crate) mod authors;
pub(crate) mod lists;
pub(crate) mod purchases;
pub(crate) mod ratings;
pub(crate) mod reader_ratings;
pub(crate) mod reviews;

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The schema of Reviews: the SQLite file `reviews.db` or the PostgreSQL schema `reviews`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "reviews",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};
