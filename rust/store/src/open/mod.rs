//! Opening a database, and the errors of it.

mod file_lock;
mod inspect;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::{path::PathBuf, time::Duration};

use crate::{Cause, Location, Schema};

pub use self::inspect::{Inspection, SchemaState, inspect};

/// How long a caller waits for a free connection of a pool or for the writer.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Waits until the server of a PostgreSQL database accepts connections, at most for `limit`, and
/// logs once that it waits. There is nothing to wait for with SQLite.
///
/// # Errors
/// [`OpenError::Unreachable`] after `limit`; at once, what opening the database of `schema` would
/// fail with otherwise.
pub async fn wait_for_server(
    location: &Location,
    schema: &Schema,
    limit: Duration,
) -> Result<(), OpenError> {
    match location {
        Location::Folder(_) => Ok(()),
        Location::Postgres(url) => postgres::wait_for_server(url, schema, limit).await,
    }
}

/// Why a database could not be opened. Each message is one line that tells the operator
/// what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data folder cannot be created or written to.
    #[error("cannot write to the data folder {}: {cause}; choose another folder or let this user write there", folder.display())]
    FolderNotWritable {
        /// The data folder.
        folder: PathBuf,
        /// The message of the operating system.
        cause: String,
    },
    /// Another process has opened the database. Only one process may use a SQLite database.
    #[error(
        "{} is open in another process{}; stop that process, or choose another data folder", file.display(), process_number(*process)
    )]
    InUse {
        /// The file.
        file: PathBuf,
        /// The number of the process, if it is known.
        process: Option<u32>,
    },
    /// The file is damaged or is not a SQLite database.
    #[error("{} is not a SQLite database; restore it from a backup or move it away", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// The data has a migration that this program does not contain.
    #[error(
        "the data of {schema} was written by a newer version of this program (migration {version}); start that version, or restore a backup from before it"
    )]
    SchemaTooNew {
        /// The name of the schema.
        schema: &'static str,
        /// The first migration that this program does not contain.
        version: i64,
    },
    /// The data was created by another version of a migration than this program contains.
    #[error(
        "migration {version} of {schema} differs from the one that created its data; start the version of this program that created the data"
    )]
    MigrationChanged {
        /// The name of the schema.
        schema: &'static str,
        /// The migration that differs.
        version: i64,
    },
    /// A migration failed and was rolled back.
    #[error(
        "the data of {schema} could not be migrated and is unchanged: migration {version} failed: {cause}; the version that wrote it can still open it"
    )]
    MigrationFailed {
        /// The name of the schema.
        schema: &'static str,
        /// The migration that failed.
        version: i64,
        /// The error of the database.
        #[source]
        cause: Cause,
    },
    /// The URL cannot be parsed. The message does not show it because it may contain a
    /// password.
    #[error(
        "the PostgreSQL URL cannot be read: {cause}; write postgres://user:password@host:5432/database, with special characters percent-encoded"
    )]
    InvalidUrl {
        /// The error of the URL parser.
        cause: String,
    },
    /// The server cannot be reached or does not answer.
    #[error(
        "cannot reach the database {redacted_url}: {cause}; check the address and that the server runs"
    )]
    Unreachable {
        /// The URL without the password.
        redacted_url: String,
        /// The network error.
        cause: String,
    },
    /// The server rejected the user name or the password.
    #[error(
        "the database {redacted_url} rejected the user or the password: {cause}; check both in the URL"
    )]
    CredentialsRefused {
        /// The URL without the password.
        redacted_url: String,
        /// The message of the server.
        cause: String,
    },
    /// The server has no database with this name.
    #[error(
        "there is no database {database:?} at {redacted_url}; create it, for example by: createdb {database}"
    )]
    NoSuchDatabase {
        /// The URL without the password.
        redacted_url: String,
        /// The name of the database.
        database: String,
    },
    /// The user lacks the privilege to create the schema or its tables.
    #[error(
        "the user {user:?} may not create the schema {schema} at {redacted_url}: {cause}; run as an administrator: GRANT CREATE ON DATABASE \"{database}\" TO \"{user}\""
    )]
    PermissionDenied {
        /// The URL without the password.
        redacted_url: String,
        /// The user.
        user: String,
        /// The name of the database.
        database: String,
        /// The name of the schema.
        schema: &'static str,
        /// The message of the server.
        cause: String,
    },
    /// Any other database error.
    #[error("the database of {schema} cannot be opened: {cause}")]
    Other {
        /// The name of the schema.
        schema: &'static str,
        /// The error of the database.
        #[source]
        cause: Cause,
    },
}

fn process_number(process: Option<u32>) -> String {
    process.map_or_else(String::new, |number| format!(" ({number})"))
}
