//! Applies migrations to SQLite.
//!
//! It keeps the table of applied migrations in the format of sqlx, which applied them in
//! earlier versions and still embeds the files.

use std::{collections::BTreeMap, time::Instant};

use rusqlite::{Connection, TransactionBehavior, params};
use sqlx::migrate::Migrator;

use crate::error::Cause;

/// Why the migrations were not applied.
#[derive(Debug)]
pub(crate) enum MigrationError {
    /// The data has a migration that the program does not contain.
    Unknown { version: i64 },
    /// The data has another text of a migration than the program contains.
    Changed { version: i64 },
    /// The statements of a migration failed.
    Failed { version: i64, cause: Cause },
    /// The list of migrations could not be read or the transaction not be committed.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrationError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// Applies what is missing in one transaction, so that a failure leaves the data unchanged.
/// Another opener of the file waits meanwhile.
pub(crate) fn apply(
    connection: &mut Connection,
    migrators: [&Migrator; 2],
) -> Result<(), MigrationError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migrator in migrators {
        apply_in_transaction(&transaction, migrator)?;
    }
    Ok(transaction.commit()?)
}

fn apply_in_transaction(
    connection: &Connection,
    migrator: &Migrator,
) -> Result<(), MigrationError> {
    let table = &migrator.table_name;
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {table} (
             version BIGINT PRIMARY KEY,
             description TEXT NOT NULL,
             installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
             success BOOLEAN NOT NULL,
             checksum BLOB NOT NULL,
             execution_time BIGINT NOT NULL
         )"
    ))?;
    let applied: BTreeMap<i64, Vec<u8>> = connection
        .prepare(&format!("SELECT version, checksum FROM {table}"))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    if let Some(version) = applied
        .keys()
        .copied()
        .find(|version| !migrator.version_exists(*version))
    {
        return Err(MigrationError::Unknown { version });
    }
    for migration in migrator.iter() {
        let version = migration.version;
        match applied.get(&version) {
            Some(checksum) if *checksum == *migration.checksum => continue,
            Some(_) => return Err(MigrationError::Changed { version }),
            None => {}
        }
        let started = Instant::now();
        connection
            .execute_batch(migration.sql.as_str())
            .map_err(|cause| MigrationError::Failed {
                version,
                cause: cause.into(),
            })?;
        connection.execute(
            &format!(
                "INSERT INTO {table} (version, description, success, checksum, execution_time)
                 VALUES (?1, ?2, TRUE, ?3, ?4)"
            ),
            params![
                version,
                migration.description,
                migration.checksum,
                // In nanoseconds.
                i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX)
            ],
        )?;
    }
    Ok(())
}
