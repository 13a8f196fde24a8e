//! Copies of SQLite databases while another process writes to them.
//!
//! Services change their databases one after the other, so that a copy of one from before and of
//! another from after a step would lose or double what the step did. [`Snapshot`] therefore sees
//! all databases at one instant, as a restart after SIGKILL at that instant would: it takes the
//! write locks of all of them, begins to read, and gives the locks back. Writers wait for that
//! only, not for the copies.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    backup::{Backup, StepResult},
};

/// How long the locks that are already taken may wait for the next one. Writers of other processes
/// wait for five seconds.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// How often all locks are tried, each time after all of them were given back.
const LOCK_ATTEMPTS: u32 = 60;

/// Why a database was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// SQLite cannot read it.
    #[error("{} cannot be copied: {cause}", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// The error of SQLite.
        #[source]
        cause: rusqlite::Error,
    },
    /// Other processes write without a pause.
    #[error(
        "{} was locked by a writer all the time; try again when there is less to do", file.display()
    )]
    Busy {
        /// The file.
        file: PathBuf,
    },
    /// The copy cannot be written.
    #[error("{} cannot be written: {cause}", file.display())]
    Output {
        /// The copy.
        file: PathBuf,
        /// The error of the operating system.
        #[source]
        cause: io::Error,
    },
    /// The copy, or the database itself, is damaged.
    #[error("{} is damaged: {finding}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The first finding of SQLite.
        finding: String,
    },
}

/// Several SQLite databases at one instant.
#[derive(Debug)]
pub struct Snapshot {
    /// Each with a transaction that reads.
    readers: Vec<(PathBuf, Connection)>,
}

impl Snapshot {
    /// Looks at databases, which exist. Blocks until no writer is in the middle of a transaction.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn take(files: &[PathBuf]) -> Result<Self, BackupError> {
        let mut attempt = 1;
        loop {
            match Self::try_take(files) {
                Err(BackupError::Busy { .. }) if attempt < LOCK_ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    fn try_take(files: &[PathBuf]) -> Result<Self, BackupError> {
        let mut writers = Vec::new();
        for file in files {
            let writer = open(file)?;
            run(&writer, file, "BEGIN IMMEDIATE")?;
            writers.push((file, writer));
        }
        let mut readers = Vec::new();
        for (file, _) in &writers {
            let reader = open(file)?;
            // The transaction begins to see the database with its first statement.
            run(&reader, file, "BEGIN; SELECT COUNT(*) FROM sqlite_schema")?;
            readers.push(((*file).clone(), reader));
        }
        for (file, writer) in &writers {
            run(writer, file, "ROLLBACK")?;
        }
        Ok(Self { readers })
    }

    /// Copies each database to the path that `destination` gives, checks the copy, and makes it
    /// durable. A copy is complete by itself and readable by its owner only. Its folder must
    /// exist.
    ///
    /// # Errors
    /// [`BackupError`], also if there is a file already.
    pub fn copy(self, destination: impl Fn(&Path) -> PathBuf) -> Result<(), BackupError> {
        for (file, reader) in self.readers {
            let copy = destination(&file);
            let not_written = |cause| BackupError::Output {
                file: copy.clone(),
                cause,
            };
            let mut create = OpenOptions::new();
            let created = create.write(true).create_new(true).mode(0o600).open(&copy);
            drop(created.map_err(not_written)?);
            let failed = |cause| BackupError::Database {
                file: file.clone(),
                cause,
            };
            let mut target = Connection::open(&copy).map_err(failed)?;
            {
                let backup = Backup::new(&reader, &mut target).map_err(failed)?;
                if backup.step(-1).map_err(failed)? != StepResult::Done {
                    return Err(BackupError::Busy { file });
                }
            }
            // The copy is in the mode of the write-ahead log, in which even a check makes files.
            drop(target);
            check(&copy)?;
            File::open(&copy)
                .and_then(|file| file.sync_all())
                .map_err(not_written)?;
        }
        Ok(())
    }
}

/// Checks a database that no process uses.
///
/// # Errors
/// [`BackupError::Damaged`], or that the file cannot be read.
pub fn check(file: &Path) -> Result<(), BackupError> {
    let failed = |cause: rusqlite::Error| match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => BackupError::Damaged {
            file: file.to_owned(),
            finding: cause.to_string(),
        },
        _ => BackupError::Database {
            file: file.to_owned(),
            cause,
        },
    };
    // Nothing is written beside a file that cannot change.
    let uri = format!("file:{}?immutable=1", percent_encoded(file));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags).map_err(failed)?;
    let finding: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed)?;
    if finding == "ok" {
        Ok(())
    } else {
        Err(BackupError::Damaged {
            file: file.to_owned(),
            finding,
        })
    }
}

fn open(file: &Path) -> Result<Connection, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(file, flags).and_then(|connection| {
        connection.busy_timeout(LOCK_TIMEOUT)?;
        Ok(connection)
    });
    opened.map_err(|cause| BackupError::Database {
        file: file.to_owned(),
        cause,
    })
}

fn run(connection: &Connection, file: &Path, statements: &str) -> Result<(), BackupError> {
    connection
        .execute_batch(statements)
        .map_err(|cause| match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => BackupError::Busy {
                file: file.to_owned(),
            },
            _ => BackupError::Database {
                file: file.to_owned(),
                cause,
            },
        })
}

/// The path for a URI of SQLite.
fn percent_encoded(file: &Path) -> String {
    use std::{fmt::Write, os::unix::ffi::OsStrExt};
    let mut encoded = String::new();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                encoded.push(char::from(*byte));
            }
            other => {
                // A string takes everything that is written to it.
                let _ = write!(encoded, "%{other:02x}");
            }
        }
    }
    encoded
}
