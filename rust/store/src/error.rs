//! Errors of statements and transactions.

use sqlx::error::DatabaseError;

/// Why a statement or a transaction failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database is down, unreachable, overloaded or full. A later retry may succeed.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A conflict with another transaction: serialization failure, deadlock or lock
    /// timeout. `write!` retries; a caller gets this error only after the last attempt.
    #[error("conflict with another transaction: {0}")]
    Conflict(#[source] sqlx::Error),
    /// The database rejected the statement: it violates a constraint, or the statement
    /// itself is wrong.
    #[error("the database rejected the statement: {0}")]
    Refused(#[source] sqlx::Error),
    /// An earlier statement of the transaction failed, so the transaction is rolled back.
    #[error("an earlier statement of this transaction failed")]
    TransactionAborted,
    /// The transaction claimed a request id, but
    /// [`crate::idempotency::save_response`] was not called for it.
    #[error("no response was saved for the request id {request_id:?}")]
    ResponseNotSaved {
        /// The id that was claimed.
        request_id: String,
    },
}

impl Error {
    /// Whether a later retry may succeed. Services answer UNAVAILABLE if so, and INTERNAL
    /// otherwise.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict(_))
    }

    /// Whether the statement violated a `CHECK`, `UNIQUE`, `NOT NULL` or foreign key
    /// constraint.
    pub fn is_constraint_violation(&self) -> bool {
        use sqlx::error::ErrorKind;
        matches!(self, Self::Refused(sqlx::Error::Database(cause)) if matches!(
            cause.kind(),
            ErrorKind::UniqueViolation
                | ErrorKind::ForeignKeyViolation
                | ErrorKind::NotNullViolation
                | ErrorKind::CheckViolation
        ))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error),
            sqlx::Error::Database(cause) => match kind(cause.as_ref()) {
                Kind::Conflict => Self::Conflict(error),
                Kind::Unavailable => Self::Unavailable(error),
                Kind::Refused => Self::Refused(error),
            },
            _ => Self::Refused(error),
        }
    }
}

/// The [`Error`] variant that a database error becomes.
enum Kind {
    Conflict,
    Unavailable,
    Refused,
}

fn kind(cause: &dyn DatabaseError) -> Kind {
    match sqlite_code(cause) {
        Some(SQLITE_BUSY | SQLITE_LOCKED) => Kind::Conflict,
        Some(SQLITE_READONLY | SQLITE_IOERR | SQLITE_FULL | SQLITE_CANTOPEN) => Kind::Unavailable,
        Some(_) => Kind::Refused,
        None => match cause.code().as_deref().unwrap_or_default() {
            // SQLSTATE serialization_failure, deadlock_detected, lock_not_available.
            "40001" | "40P01" | "55P03" => Kind::Conflict,
            // SQLSTATE query_canceled (our statement timeout) and
            // read_only_sql_transaction (after a failover).
            "57014" | "25006" => Kind::Unavailable,
            // SQLSTATE classes: connection exception, insufficient resources, operator
            // intervention (shutdown), system error.
            code if ["08", "53", "57P", "58"]
                .iter()
                .any(|class| code.starts_with(class)) =>
            {
                Kind::Unavailable
            }
            _ => Kind::Refused,
        },
    }
}

// Primary result codes of SQLite: https://sqlite.org/rescode.html.
pub(crate) const SQLITE_BUSY: i32 = 5;
pub(crate) const SQLITE_LOCKED: i32 = 6;
pub(crate) const SQLITE_READONLY: i32 = 8;
pub(crate) const SQLITE_IOERR: i32 = 10;
pub(crate) const SQLITE_FULL: i32 = 13;
pub(crate) const SQLITE_CANTOPEN: i32 = 14;
pub(crate) const SQLITE_NOTADB: i32 = 26;

/// The primary result code of an SQLite error; `None` for an error of PostgreSQL.
pub(crate) fn sqlite_code(cause: &dyn DatabaseError) -> Option<i32> {
    cause.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let extended: i32 = cause.code()?.parse().ok()?;
    Some(extended & 0xff)
}
