//! The lock by which only one process at a time opens a SQLite database, and the
//! permissions of its files.
//!
//! SQLite itself would let a second process write: each one would then serve what its own
//! caches and watchers know. Within one process a database may be opened several times.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

/// Only the owner may read the data.
const MODE: u32 = 0o600;

/// The locks that this process holds, by the canonical path of the lock file.
static HELD: LazyLock<Mutex<HashMap<PathBuf, Weak<File>>>> = LazyLock::new(Mutex::default);

/// Why a lock cannot be taken.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another process has it; its number, if it is known.
    Held { process: Option<u32> },
    /// The lock file cannot be written.
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Locks a database for this process, and creates its file if there is none. The lock ends
/// when the last handle is dropped or the process ends.
///
/// The database file itself is never opened here if it exists: closing it would end the
/// locks that SQLite has on it in this process.
pub(super) fn lock(database: &Path) -> Result<Arc<File>, LockError> {
    // Held until the end, so that only one opener creates the file.
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let path = database.with_extension("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .open(&path)?;
    let key = path.canonicalize()?;
    if let Some(lock) = held.get(&key).and_then(Weak::upgrade) {
        return Ok(lock);
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let process = fs::read_to_string(&path)?.trim().parse().ok();
            return Err(LockError::Held { process });
        }
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            tracing::warn!(path = %path.display(), "this file system has no locks: make sure that only one process uses the data folder");
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    restrict_permissions(database)?;
    let lock = Arc::new(file);
    held.retain(|_, lock| lock.strong_count() > 0);
    held.insert(key, Arc::downgrade(&lock));
    Ok(lock)
}

/// Creates the database file, and withdraws the permissions of other users on existing
/// files. SQLite gives new files beside it the permissions of the database file.
fn restrict_permissions(database: &Path) -> io::Result<()> {
    let mut create = OpenOptions::new();
    match create
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(database)
    {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut file = database.as_os_str().to_owned();
        file.push(suffix);
        match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&file, Permissions::from_mode(MODE))?;
            }
            // What cannot be read or is no file is reported by SQLite.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}
