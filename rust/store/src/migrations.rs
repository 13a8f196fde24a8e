//! The migrations of the tables that this crate has in every schema: `idempotency_keys` and
//! `outbox`.
//!
//! They are recorded in the table `_store_migrations`, apart from the migrations of the
//! service, so that both have version numbers of their own. They run first, so that a
//! migration of a service may use these tables.

use std::sync::LazyLock;

use sqlx::migrate::Migrator;

pub(crate) static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| in_own_table(sqlx::migrate!("migrations/sqlite")));

pub(crate) static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| in_own_table(sqlx::migrate!("migrations/postgres")));

fn in_own_table(mut migrator: Migrator) -> Migrator {
    migrator.dangerous_set_table_name("_store_migrations");
    migrator
}
