//! The connections that calls with the same client certificate share.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use super::{ConnectError, connection::Connection};

/// A few connections, which take turns.
#[derive(Debug)]
pub(super) struct Pool {
    slots: Vec<Slot>,
    next: AtomicUsize,
}

/// Holds one connection, and replaces it when it is broken.
#[derive(Debug, Default)]
struct Slot {
    connection: RwLock<Option<Connection>>,
    /// Held while connecting, so that only one call connects and the others wait for it.
    connecting: tokio::sync::Mutex<()>,
}

impl Pool {
    /// A pool of so many connections, at least one, which are opened when they are needed.
    pub(super) fn new(connections: usize) -> Self {
        let mut slots: Vec<Slot> = Vec::new();
        slots.resize_with(connections.max(1), Slot::default);
        Self {
            slots,
            next: AtomicUsize::new(0),
        }
    }

    /// Puts an open connection in.
    pub(super) fn put(&self, connection: Connection) {
        self.slots[0].put(connection);
    }

    /// The connection whose turn it is. If it is broken or missing, `open` makes another one.
    pub(super) async fn connection<F>(
        &self,
        open: impl FnOnce() -> F,
    ) -> Result<Connection, ConnectError>
    where
        F: Future<Output = Result<Connection, ConnectError>>,
    {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &self.slots[turn % self.slots.len()];
        if let Some(open) = slot.open() {
            return Ok(open);
        }
        let _connecting = slot.connecting.lock().await;
        if let Some(open) = slot.open() {
            return Ok(open);
        }
        let fresh = open().await?;
        slot.put(fresh.clone());
        Ok(fresh)
    }
}

impl Slot {
    fn put(&self, fresh: Connection) {
        let mut connection = self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *connection = Some(fresh);
    }

    fn open(&self) -> Option<Connection> {
        let connection = self
            .connection
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        connection
            .as_ref()
            .filter(|connection| connection.is_open())
            .cloned()
    }
}
