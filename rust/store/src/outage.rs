//! Logs when a database fails and when it works again: once each, and not for every call.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::{Cause, Error};

/// What a call does with the database. A full disk, for example, fails only those that write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Read = 1,
    Write = 2,
}

/// Which operations of one database fail at the moment.
#[derive(Debug)]
pub(crate) struct Outages {
    database: &'static str,
    /// The host of a read replica; `None` for the database itself.
    replica: Option<Box<str>>,
    /// The sum of the [`Operation`]s that failed the last time.
    failing: AtomicU8,
}

impl Outages {
    /// `database` is the name of its schema, for the log.
    pub(crate) fn new(database: &'static str) -> Self {
        Self {
            database,
            replica: None,
            failing: AtomicU8::new(0),
        }
    }

    /// Those of a read replica.
    pub(crate) fn of_replica(database: &'static str, host: &str) -> Self {
        Self {
            replica: Some(host.into()),
            ..Self::new(database)
        }
    }

    /// The name of the schema.
    pub(crate) fn database(&self) -> &'static str {
        self.database
    }

    /// Notes that an operation failed. Only [`Error::Unavailable`] counts, and not the error of
    /// a database that this process has closed.
    pub(crate) fn failed(&self, operation: Operation, error: &Error) {
        match error {
            Error::Unavailable(Cause::Closed) => {}
            Error::Unavailable(cause) => self.fail(operation as u8, cause),
            _ => {}
        }
    }

    /// Notes that the server answers nobody, so that all operations fail.
    pub(crate) fn server_is_dead(&self, cause: &Cause) {
        self.fail(Operation::Read as u8 | Operation::Write as u8, cause);
    }

    fn fail(&self, operations: u8, cause: &Cause) {
        if self.failing.fetch_or(operations, Ordering::AcqRel) != 0 {
            return;
        }
        let database = self.database;
        match &self.replica {
            None => tracing::error!(
                database,
                %cause,
                "the database does not respond: calls that need it fail until it does"
            ),
            Some(replica) => tracing::warn!(
                database,
                %replica,
                %cause,
                "a read replica does not respond: others are read until it does"
            ),
        }
    }

    /// Notes that an operation succeeded.
    pub(crate) fn succeeded(&self, operation: Operation) {
        self.succeed(operation as u8);
    }

    /// Notes that the server answers.
    pub(crate) fn server_answers(&self) {
        self.succeed(Operation::Read as u8 | Operation::Write as u8);
    }

    fn succeed(&self, operations: u8) {
        // The usual case, without a write to memory that threads share.
        if self.failing.load(Ordering::Relaxed) & operations == 0 {
            return;
        }
        let before = self.failing.fetch_and(!operations, Ordering::AcqRel);
        if before & operations != 0 && before & !operations == 0 {
            let replica = self.replica.as_deref();
            tracing::info!(
                database = self.database,
                replica,
                "the database responds again"
            );
        }
    }
}
