//! Compares a database with what this program expects, and changes nothing: for an operator who
//! asks what is wrong.

mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use sqlx::migrate::Migrator;

use crate::{Location, OpenError, Schema};

/// What a database has of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// Its migrations.
    pub state: SchemaState,
    /// The clock of the database server in microseconds since 1970; `None` for SQLite, which has
    /// that of this machine.
    pub server_time: Option<i64>,
}

/// Which migrations a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// All migrations of this program.
    Current,
    /// None: the schema is created when its service starts.
    Missing,
    /// Some are missing: they are applied when the service starts.
    Outdated {
        /// How many are missing.
        missing: usize,
    },
}

/// The checksums of the applied migrations by version.
type Applied = BTreeMap<i64, Vec<u8>>;

/// Inspects the database of `schema`. It may be in use.
///
/// # Errors
/// [`OpenError`] if it cannot be opened, or has migrations that this program does not contain.
pub async fn inspect(location: &Location, schema: &Schema) -> Result<Inspection, OpenError> {
    match location {
        Location::Folder(folder) => sqlite::inspect(folder, schema).await,
        Location::Postgres(url) => postgres::inspect(url, schema).await,
    }
}

/// Compares the applied migrations with those of this program, first those of this crate and
/// then those of the service.
fn judge(
    applied: [&Applied; 2],
    migrators: [&Migrator; 2],
    schema: &Schema,
) -> Result<SchemaState, OpenError> {
    let schema = schema.name;
    let mut missing = 0;
    for (applied, migrator) in applied.into_iter().zip(migrators) {
        let unknown = applied
            .keys()
            .find(|version| !migrator.version_exists(**version));
        if let Some(&version) = unknown {
            return Err(OpenError::SchemaTooNew { schema, version });
        }
        for migration in migrator.iter() {
            let version = migration.version;
            match applied.get(&version) {
                Some(checksum) if *checksum == *migration.checksum => {}
                Some(_) => return Err(OpenError::MigrationChanged { schema, version }),
                None => missing += 1,
            }
        }
    }
    Ok(if applied.iter().all(|applied| applied.is_empty()) {
        SchemaState::Missing
    } else if missing > 0 {
        SchemaState::Outdated { missing }
    } else {
        SchemaState::Current
    })
}
