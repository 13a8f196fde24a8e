//! The pool of connections for reading.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    Error,
    error::Cause,
    open::{ACQUIRE_TIMEOUT, sqlite::connect_reader},
    pool_metrics::{GaugeGuard, PoolMetrics},
};

/// The largest number of reading connections. A statement occupies its connection only while
/// it runs, so a few are enough for all cores.
const MAX_READERS: u32 = 8;

/// Connections for reading. They see what is committed and never wait for the writer.
#[derive(Debug)]
pub(crate) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    metrics: PoolMetrics,
}

/// A connection that is taken from the pool, and returns to it when this is dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _in_use: GaugeGuard,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    /// Connections are opened when they are first needed. `database` is the name of the schema,
    /// for the metrics.
    pub(crate) fn new(file: PathBuf, database: &'static str) -> Self {
        Self {
            file,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_READERS as usize)),
            metrics: PoolMetrics::register(database, "read", MAX_READERS),
        }
    }

    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Reader, Error> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = self.metrics.waiting();
                timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned())
                    .await
                    .map_err(|_| Error::Overloaded)?
                    .map_err(|_| Error::Unavailable(Cause::Closed))?
            }
        };
        let idle = self.lock_idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect_reader(&self.file)?,
        };
        Ok(Reader {
            connection: Some(connection),
            readers: Arc::clone(self),
            _in_use: self.metrics.in_use(),
            _permit: permit,
        })
    }

    pub(super) async fn close(&self) {
        // An error means that it is closed already.
        let all = self.permits.acquire_many(MAX_READERS).await;
        self.permits.close();
        drop(all);
        self.lock_idle().clear();
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    pub(super) fn raw(&mut self) -> Result<&mut Connection, Error> {
        let connection = self.connection.as_mut();
        connection.ok_or(Error::Unavailable(Cause::Closed))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers.lock_idle().extend(self.connection.take());
    }
}
