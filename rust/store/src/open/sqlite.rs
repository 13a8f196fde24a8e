//! Opening SQLite: `<folder>/<schema>.db`.

use std::{fs, os::unix::fs::DirBuilderExt, path::Path, time::Duration};

use sqlx::{
    Connection, Sqlite, SqlitePool,
    migrate::{MigrateError, Migrator},
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{ACQUIRE_TIMEOUT, OpenError, migration_error};
use crate::{
    Schema,
    db::Pools,
    error::{
        SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_NOTADB, SQLITE_READONLY, sqlite_code,
    },
    migrations,
};

/// How long a connection waits for a file lock of another process. Within this process
/// there is only one writer, which never waits for the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The number of reading connections. sqlx runs each one on its own thread, and reads
/// from the page cache are short, so a few are enough.
const READERS: u32 = 4;

/// After a checkpoint the write-ahead log is truncated to this size: 64 MiB, in bytes.
const LOG_SIZE_LIMIT: &str = "67108864";

/// Switching a new file to write-ahead mode ignores the busy timeout. So if two processes
/// create the same file at the same time, one of them has to retry.
const CONNECT_ATTEMPTS: u32 = 20;

pub(crate) async fn open(folder: &Path, schema: &Schema) -> Result<Pools, OpenError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|cause| OpenError::FolderNotWritable {
            folder: folder.to_owned(),
            cause: cause.to_string(),
        })?;
    let file = folder.join(schema.name).with_extension("db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let writer_options = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", LOG_SIZE_LIMIT);
    let to_open_error = |cause| open_error(cause, folder, &file, schema);

    let writer = connect(writer_options).await.map_err(to_open_error)?;
    match migrate(writer.clone(), schema.sqlite).await {
        Ok(()) => {}
        Err(MigrateError::Execute(cause)) => return Err(to_open_error(cause)),
        Err(error) => return Err(migration_error(error, schema)),
    }
    let readers = pool_options(READERS)
        // A connection to a file does not break like one over a network, so readers are
        // not tested. The writer is tested for an open transaction in `connect`.
        .test_before_acquire(false)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok(Pools::Sqlite { readers, writer })
}

/// The options of both pools. Connections to a file have no maximum lifetime.
fn pool_options(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let mut attempt = 1;
    loop {
        let pool = pool_options(1)
            // A full disk makes SQLite roll back by itself, but sqlx still counts the
            // transaction as open. The pool closes such a connection.
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect_with(options.clone())
            .await;
        match pool {
            Err(sqlx::Error::Database(cause))
                if attempt < CONNECT_ATTEMPTS
                    && sqlite_code(cause.as_ref()) == Some(SQLITE_BUSY) =>
            {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            outcome => return outcome,
        }
    }
}

/// Runs all migrations in one transaction, so that a failure leaves the data unchanged. A
/// second process waits meanwhile.
async fn migrate(writer: SqlitePool, migrator: &'static Migrator) -> Result<(), MigrateError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    // Not `run`: the compiler cannot prove that its future is `Send`.
    for migrator in [&*migrations::SQLITE, migrator] {
        migrator.run_direct(None, &mut *transaction, false).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn open_error(cause: sqlx::Error, folder: &Path, file: &Path, schema: &Schema) -> OpenError {
    let code = cause.as_database_error().and_then(sqlite_code);
    match code {
        Some(SQLITE_NOTADB) => OpenError::NotADatabase {
            file: file.to_owned(),
        },
        Some(SQLITE_READONLY | SQLITE_CANTOPEN | SQLITE_IOERR) => OpenError::FolderNotWritable {
            folder: folder.to_owned(),
            cause: cause.to_string(),
        },
        _ => OpenError::Other {
            schema: schema.name,
            cause,
        },
    }
}
