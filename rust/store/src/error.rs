//! Errors of statements and transactions.

use std::sync::Arc;

use rusqlite::ErrorCode;
use sqlx::error::ErrorKind;

/// Why a statement or a transaction failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database is down, unreachable or full. A later retry may succeed.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] Cause),
    /// No connection became free in time: the callers want more than the database can do. A
    /// later retry may succeed.
    #[error("the database is overloaded: no connection became free in time")]
    Overloaded,
    /// A conflict with another transaction: serialization failure, deadlock or lock
    /// timeout. `write!` retries; a caller gets this error only after the last attempt.
    #[error("conflict with another transaction: {0}")]
    Conflict(#[source] Cause),
    /// The database rejected the statement: it violates a constraint, or the statement
    /// itself is wrong.
    #[error("the database rejected the statement: {0}")]
    Refused(#[source] Cause),
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

/// The cause of an [`Error`], of either engine.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// An error of SQLite.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// An error of PostgreSQL or of the connection to it.
    #[error(transparent)]
    Postgres(Arc<sqlx::Error>),
    /// A statement that always returns a row returned none.
    #[error("the statement returned no row")]
    NoRow,
    /// Fewer values are bound than the statement has parameters.
    #[error("no value is bound to the parameter {0:?}")]
    UnboundParameter(String),
    /// The server did not answer when it was last tested, so no statement was tried.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// An error made SQLite roll back the transactions that were to be committed together.
    #[error("the transactions with the same commit were rolled back")]
    BatchRolledBack,
}

impl Error {
    /// Whether a later retry may succeed. Services answer UNAVAILABLE if so, and INTERNAL
    /// otherwise.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Overloaded | Self::Conflict(_)
        )
    }

    /// Whether the statement violated a `CHECK`, `UNIQUE`, `NOT NULL` or foreign key
    /// constraint.
    pub fn is_constraint_violation(&self) -> bool {
        match self {
            Self::Refused(Cause::Sqlite(error)) => {
                error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
            }
            Self::Refused(Cause::Postgres(error)) => matches!(
                error.as_database_error().map(|cause| cause.kind()),
                Some(
                    ErrorKind::UniqueViolation
                        | ErrorKind::ForeignKeyViolation
                        | ErrorKind::NotNullViolation
                        | ErrorKind::CheckViolation
                )
            ),
            _ => false,
        }
    }
}

impl Cause {
    /// Whether another connection to the same SQLite file holds the lock.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code()
            == Some(ErrorCode::DatabaseBusy))
    }

    /// Whether the connection to the PostgreSQL server failed or the server is starting or
    /// stopping. `false` if the server answered anything else.
    pub(crate) fn is_connection_lost(&self) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        match error.as_database_error() {
            // SQLSTATE class operator intervention: the server starts or stops.
            Some(cause) => cause.code().is_some_and(|code| code.starts_with("57P")),
            None => matches!(self.kind(), Kind::Unavailable),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(error) => sqlite_kind(error),
            Self::Postgres(error) => postgres_kind(error),
            Self::Unreachable | Self::Closed => Kind::Unavailable,
            Self::BatchRolledBack => Kind::Conflict,
            Self::NoRow | Self::UnboundParameter(_) => Kind::Refused,
        }
    }
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<sqlx::Error> for Cause {
    fn from(error: sqlx::Error) -> Self {
        Self::Postgres(Arc::new(error))
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        match cause.kind() {
            Kind::Conflict => Self::Conflict(cause),
            Kind::Unavailable => Self::Unavailable(cause),
            Kind::Refused => Self::Refused(cause),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Cause::from(error).into()
    }
}

/// The [`Error`] variant that a cause becomes.
enum Kind {
    Conflict,
    Unavailable,
    Refused,
}

fn sqlite_kind(error: &rusqlite::Error) -> Kind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Kind::Conflict,
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen,
        ) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

fn postgres_kind(error: &sqlx::Error) -> Kind {
    let cause = match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => return Kind::Unavailable,
        sqlx::Error::Database(cause) => cause,
        _ => return Kind::Refused,
    };
    match cause.code().as_deref().unwrap_or_default() {
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
    }
}
