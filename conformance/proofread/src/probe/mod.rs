//! The client: sends what it is told over HTTP/2 and says what came back, without
//! an opinion.
//!
//! It stands on `h2` and not on a gRPC library, because a tester must be able to
//! send what no library sends and to see what every library hides or dies of. Many
//! calls share few connections; a connection that broke is made anew by the next
//! call.
//!
//! What it can't do: break HTTP/2 itself (wrong frames, wrong HPACK). That is the
//! ground of tools for HTTP/2, and gRPC adds nothing to it.

mod body;
mod connection;
mod exchange;
mod sniff;
mod stop;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod unreachable;

use std::{
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;

use crate::{contract::Method, outcome::Outcome};
use connection::Connection;
use exchange::{Exchanged, exchange};
use target::Address;

pub use body::{RawBody, body_of, frame, frames};
pub use stop::Stop;
pub use target::{Metadata, Target, Tls};
pub use unreachable::Unreachable;

/// How often a call is sent again that the server says it has not looked at:
/// REFUSED_STREAM, a GOAWAY between calls.
const ATTEMPTS: u32 = 5;

/// A client of one server.
#[derive(Debug)]
pub struct Probe {
    address: Address,
    connect_timeout: Duration,
    slots: Vec<Slot>,
    next: AtomicUsize,
}

/// The place of one connection.
#[derive(Debug, Default)]
struct Slot {
    connection: RwLock<Option<Connection>>,
    /// Held while the connection is made, so that one call makes it and not all.
    making: tokio::sync::Mutex<()>,
}

impl Probe {
    /// Connects, and waits for the first frame of the server, so that everything
    /// that is no HTTP/2 server is told from one at once.
    ///
    /// # Errors
    /// When the server can't be reached or is something else; see [`Unreachable`].
    pub async fn connect(target: &Target) -> Result<Self, Unreachable> {
        let address = Address::of(target)?;
        let first = Connection::open(&address, target.connect_timeout).await?;
        let mut slots: Vec<Slot> = Vec::new();
        slots.resize_with(target.connections.max(1), Slot::default);
        slots[0].connection = RwLock::new(Some(first));
        Ok(Self {
            address,
            connect_timeout: target.connect_timeout,
            slots,
            next: AtomicUsize::new(0),
        })
    }

    /// Sends one call and waits for the whole answer, for `timeout` at most.
    ///
    /// The headers of gRPC and the metadata of the target are there already; one
    /// of `headers` replaces one that is there, and an empty value removes it. The
    /// name `:method` stands for the method of HTTP.
    pub async fn call(
        &self,
        path: &str,
        headers: &[(String, Vec<u8>)],
        body: RawBody,
        timeout: Duration,
    ) -> Outcome {
        let request = match self.address.request(path, headers) {
            Ok(request) => request,
            Err(cause) => return Outcome::Unreachable { cause },
        };
        let mut attempt = 1;
        loop {
            match self.attempt(&request, &body, timeout).await {
                Exchanged::Ended(outcome) => return outcome,
                Exchanged::NotLookedAt(outcome) if attempt >= ATTEMPTS => return outcome,
                Exchanged::NotLookedAt(_) => {
                    tokio::time::sleep(Duration::from_millis(5) * attempt).await;
                    attempt += 1;
                }
            }
        }
    }

    /// Whether a new connection can be made at this moment.
    ///
    /// # Errors
    /// Why not.
    pub async fn reachable(&self) -> Result<(), Unreachable> {
        let fresh = Connection::open(&self.address, self.connect_timeout).await?;
        fresh.close();
        Ok(())
    }

    /// Whether calls of a method carry the credential that it asks for, if it does.
    pub fn may_call(&self, method: &Method) -> bool {
        method.access.as_ref().is_none_or(|access| {
            let key = access.metadata_key.to_lowercase();
            let mut sent = self.address.metadata_of(&method.path);
            sent.any(|(name, _)| name.as_str() == key)
        })
    }

    async fn attempt(&self, request: &Request<()>, body: &RawBody, limit: Duration) -> Exchanged {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &self.slots[turn % self.slots.len()];
        let connection = match self.connection(slot).await {
            Ok(connection) => connection,
            Err(error) => {
                let cause = error.to_string();
                return Exchanged::Ended(Outcome::Unreachable { cause });
            }
        };
        let exchanged = exchange(&connection, request, body);
        match tokio::time::timeout(limit, exchanged).await {
            Ok(exchanged) => exchanged,
            Err(_) => Exchanged::Ended(Outcome::TimedOut { after: limit }),
        }
    }

    async fn connection(&self, slot: &Slot) -> Result<Connection, Unreachable> {
        if let Some(open) = slot.open() {
            return Ok(open);
        }
        let _making = slot.making.lock().await;
        if let Some(open) = slot.open() {
            return Ok(open);
        }
        let fresh = Connection::open(&self.address, self.connect_timeout).await?;
        let mut place = slot
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Some(fresh.clone());
        Ok(fresh)
    }
}

impl Slot {
    fn open(&self) -> Option<Connection> {
        let place = self
            .connection
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        place
            .as_ref()
            .filter(|connection| connection.is_open())
            .cloned()
    }
}
