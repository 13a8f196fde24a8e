//! The SQLite engine: one writer, whose transactions share commits, and several readers.
//!
//! Statements run on the thread of the caller, because most take only microseconds, which
//! is less than handing them to another thread. Commits and statements that are marked as
//! [long running](crate::Query::long_running) run on threads for blocking work.

pub(crate) mod migrations;
mod readers;
pub(crate) mod statement;
mod writer;

use std::{
    fs::File,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

pub(crate) use self::{
    readers::{Reader, Readers},
    writer::{Body, WriterQueue},
};
use crate::{Error, outage::Outages};

/// An open SQLite database. Clones share the same connections.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    pub(crate) writer: WriterQueue,
    pub(crate) readers: Arc<Readers>,
    /// Always `true`: there is no server that could fail.
    pub(crate) available: watch::Sender<bool>,
    pub(crate) outages: Arc<Outages>,
    /// Excludes other processes until the database is closed.
    pub(crate) lock: Arc<Mutex<Option<Arc<File>>>>,
}

/// A connection for reading or for the body of a transaction.
#[derive(Debug)]
pub(crate) enum Handle {
    Reader(Reader),
    Body(Body),
}

impl Handle {
    pub(crate) fn raw(&mut self) -> Result<&mut rusqlite::Connection, Error> {
        match self {
            Self::Reader(reader) => reader.raw(),
            Self::Body(body) => body.raw(),
        }
    }
}

impl Sqlite {
    /// Waits for running statements and transactions, and closes all connections. The last
    /// one writes the log back into the database file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        self.lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}
