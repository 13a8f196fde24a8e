//! Opening a database, and what to do if that fails.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::{path::PathBuf, time::Duration};

use sqlx::migrate::MigrateError;

use crate::Schema;

/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database was not opened. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data folder cannot be made or written.
    #[error("cannot write to the data folder {}: {cause}; choose another folder or let this user write there", folder.display())]
    FolderNotWritable {
        /// The data folder.
        folder: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is something else, or damaged.
    #[error("{} is not a SQLite database; restore it from a backup or move it away", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// A migration was applied that this program does not contain.
    #[error(
        "the data of {schema} was written by a newer version of this program (migration {version}); start that version, or restore a backup from before it"
    )]
    Newer {
        /// The name of the schema.
        schema: &'static str,
        /// The first migration that is not known here.
        version: i64,
    },
    /// An applied migration is not the one that this program contains.
    #[error(
        "migration {version} of {schema} is not the one that its data was made with; a released migration is never changed: start the program that made the data"
    )]
    Changed {
        /// The name of the schema.
        schema: &'static str,
        /// The migration that differs.
        version: i64,
    },
    /// A migration failed.
    #[error(
        "the data of {schema} was not brought up to date and is as it was: {cause}; the program that wrote it can still open it"
    )]
    MigrationFailed {
        /// The name of the schema.
        schema: &'static str,
        /// What the database says.
        #[source]
        cause: MigrateError,
    },
    /// The URL cannot be read. The URL itself is not shown: it may hold a password.
    #[error(
        "the PostgreSQL URL cannot be read: {cause}; write postgres://user:password@host:5432/database, with special characters percent-encoded"
    )]
    BadUrl {
        /// What is wrong with it.
        cause: String,
    },
    /// Nobody answers.
    #[error(
        "cannot reach the database {place}: {cause}; check the address and that the server runs"
    )]
    Unreachable {
        /// The URL without the password.
        place: String,
        /// What the network says.
        cause: String,
    },
    /// The server does not let this user in.
    #[error(
        "the database {place} refused the user or the password: {cause}; check both in the URL"
    )]
    CredentialsRefused {
        /// The URL without the password.
        place: String,
        /// What the server says.
        cause: String,
    },
    /// The server has no database of that name.
    #[error(
        "there is no database {database:?} at {place}; create it, for example by: createdb {database}"
    )]
    NoSuchDatabase {
        /// The URL without the password.
        place: String,
        /// The name of the database.
        database: String,
    },
    /// The user may not create the schema or its tables.
    #[error(
        "the user {user:?} may not create the schema {schema} at {place}: {cause}; as an administrator: GRANT CREATE ON DATABASE \"{database}\" TO \"{user}\""
    )]
    NotPermitted {
        /// The URL without the password.
        place: String,
        /// The user.
        user: String,
        /// The name of the database.
        database: String,
        /// The name of the schema.
        schema: &'static str,
        /// What the server says.
        cause: String,
    },
    /// Anything else.
    #[error("the database of {schema} cannot be opened: {cause}")]
    Other {
        /// The name of the schema.
        schema: &'static str,
        /// What the database says.
        #[source]
        cause: sqlx::Error,
    },
}

/// What a failed migration means to whoever started the program.
fn migration_error(error: MigrateError, schema: &Schema) -> OpenError {
    let schema = schema.name;
    match error {
        MigrateError::VersionMissing(version) => OpenError::Newer { schema, version },
        MigrateError::VersionMismatch(version) => OpenError::Changed { schema, version },
        cause => OpenError::MigrationFailed { schema, cause },
    }
}
