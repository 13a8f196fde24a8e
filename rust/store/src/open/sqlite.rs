//! Opening SQLite: `<folder>/<schema>.db`.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use tokio::{sync::watch, task::spawn_blocking};

use super::{
    OpenError,
    file_lock::{LockError, lock},
};
use crate::{
    Engine, Schema,
    error::Cause,
    migrations,
    outage::Outages,
    outbox,
    sqlite::{
        Readers, Sqlite, WriterQueue,
        migrations::{MigrationError, apply},
        statement::CACHE_CAPACITY,
    },
};

/// How long a transaction waits for another opener of the same file.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// After a checkpoint the write-ahead log is truncated to this size: 64 MiB, in bytes.
const LOG_SIZE_LIMIT: i64 = 67_108_864;

/// The pages that the writer keeps in memory, at most 32 MiB, in KiB (a negative number: a positive
/// one would be pages). Large imports change pages all over the indexes, and would read and write
/// each of them several times in one transaction.
const WRITER_CACHE_SIZE: i64 = -32_768;

/// Switching a new file to write-ahead mode ignores the busy timeout. So if two openers
/// create the same file at the same time, one of them has to retry.
const CONNECT_ATTEMPTS: u32 = 20;

pub(crate) async fn open(folder: &Path, schema: &Schema) -> Result<Sqlite, OpenError> {
    let (folder, schema) = (folder.to_owned(), *schema);
    spawn_blocking(move || open_blocking(&folder, &schema))
        .await
        .unwrap_or_else(|_| {
            Err(OpenError::Other {
                schema: schema.name,
                cause: Cause::Closed,
            })
        })
}

fn open_blocking(folder: &Path, schema: &Schema) -> Result<Sqlite, OpenError> {
    let not_writable = |cause: io::Error| OpenError::FolderNotWritable {
        folder: folder.to_owned(),
        cause: cause.to_string(),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| create_and_remove_file(folder))
        .map_err(not_writable)?;
    let file = folder.join(schema.name).with_extension("db");
    let lock = lock(&file).map_err(|error| match error {
        LockError::Held { process } => OpenError::InUse {
            file: file.clone(),
            process,
        },
        LockError::Io(cause) => not_writable(cause),
    })?;
    let to_open_error = |cause| open_error(cause, folder, &file, schema);
    let mut writer = connect_writer(&file).map_err(to_open_error)?;
    // SQLite opens a file that it may not write for reading, and reports it only at a write.
    if writer.is_readonly(MAIN_DB).map_err(to_open_error)? {
        let cause = format!("{} is read-only", file.display());
        return Err(not_writable(io::Error::other(cause)));
    }
    match apply(&mut writer, [&migrations::SQLITE, schema.sqlite]) {
        Ok(()) => {}
        Err(MigrationError::Database(cause)) => return Err(to_open_error(cause)),
        Err(MigrationError::Unknown { version }) => {
            return Err(OpenError::SchemaTooNew {
                schema: schema.name,
                version,
            });
        }
        Err(MigrationError::Changed { version }) => {
            return Err(OpenError::MigrationChanged {
                schema: schema.name,
                version,
            });
        }
        Err(MigrationError::Failed { version, cause }) => {
            return Err(OpenError::MigrationFailed {
                schema: schema.name,
                version,
                cause,
            });
        }
    }
    let end_leases = outbox::END_LEASES.text(Engine::Sqlite);
    writer.execute(end_leases, []).map_err(to_open_error)?;
    // From now on the writer does not block its thread but polls.
    writer.busy_timeout(Duration::ZERO).map_err(to_open_error)?;
    Ok(Sqlite {
        writer: WriterQueue::new(writer, schema.name),
        readers: Arc::new(Readers::new(file, schema.name)),
        available: watch::Sender::new(true),
        outages: Arc::new(Outages::new(schema.name)),
        lock: Arc::new(Mutex::new(Some(lock))),
    })
}

/// Fails if the folder is read-only. With files of an earlier run in it, SQLite would notice
/// that only when it creates another one.
fn create_and_remove_file(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".writable.{:016x}", rand::random::<u64>()));
    fs::File::create_new(&probe)?;
    fs::remove_file(&probe)
}

fn connect(file: &Path, create: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(CACHE_CAPACITY);
    Ok(connection)
}

pub(crate) fn connect_reader(file: &Path) -> Result<Connection, Cause> {
    let connection = connect(file, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

#[expect(
    clippy::disallowed_methods,
    reason = "it runs on a thread for blocking work"
)]
fn connect_writer(file: &Path) -> Result<Connection, rusqlite::Error> {
    let mut attempt = 1;
    loop {
        match try_connect_writer(file) {
            Err(error)
                if attempt < CONNECT_ATTEMPTS
                    && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                attempt += 1;
                thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

fn try_connect_writer(file: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE_SIZE)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_SIZE_LIMIT, |_| Ok(()))?;
    Ok(connection)
}

pub(super) fn open_error(
    cause: rusqlite::Error,
    folder: &Path,
    file: &Path,
    schema: &Schema,
) -> OpenError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase {
            file: file.to_owned(),
        },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => {
            OpenError::FolderNotWritable {
                folder: folder.to_owned(),
                cause: cause.to_string(),
            }
        }
        _ => OpenError::Other {
            schema: schema.name,
            cause: cause.into(),
        },
    }
}
