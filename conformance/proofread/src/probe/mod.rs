//! The HTTP/2 client of the tester. It sends arbitrary gRPC calls and returns the
//! [`Outcome`] without judging it.
//!
//! It uses `h2` and no gRPC library, because a tester must be able to send what no
//! library sends, and to see answers that libraries hide or refuse. Many calls share a
//! few connections; the next call replaces a broken connection.
//!
//! It can't send invalid HTTP/2 (malformed frames or HPACK). Tools for HTTP/2 test that,
//! and gRPC adds nothing to it.

mod body;
mod connect_error;
mod connection;
mod exchange;
mod protocol_detection;
mod read_limits;
mod refresh;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod tls;

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;

use crate::{contract::Method, outcome::Outcome};
use connection::Connection;
use exchange::{ExchangeResult, exchange};
use refresh::Refresh;
use target::Endpoint;

pub use body::{RawBody, frame, frames, request_body};
pub use connect_error::ConnectError;
pub use read_limits::ReadLimits;
pub use refresh::RefreshCredential;
pub use target::{CredentialHeader, Metadata, Target, Tls};

/// How often a call is sent at most when the server says that it has not processed it:
/// REFUSED_STREAM, or GOAWAY.
const MAX_ATTEMPTS: u32 = 5;

/// A client of one server.
#[derive(Debug)]
pub struct Probe {
    endpoint: Endpoint,
    connect_timeout: Duration,
    slots: Vec<Slot>,
    next: AtomicUsize,
    refresh: Option<Refresh>,
}

/// Holds one connection, and replaces it when it is broken.
#[derive(Debug, Default)]
struct Slot {
    connection: RwLock<Option<Connection>>,
    /// Held while connecting, so that only one call connects and the others wait for it.
    connecting: tokio::sync::Mutex<()>,
}

impl Probe {
    /// Connects, and waits for the first frame of the server, so that a server without
    /// HTTP/2 is detected here and not by the first call.
    ///
    /// # Errors
    /// When the server can't be reached or is no HTTP/2 server; see [`ConnectError`].
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let endpoint = Endpoint::of(target)?;
        let first = Connection::open(&endpoint, target.connect_timeout).await?;
        let mut slots: Vec<Slot> = Vec::new();
        slots.resize_with(target.connections.max(1), Slot::default);
        slots[0].connection = RwLock::new(Some(first));
        Ok(Self {
            endpoint,
            connect_timeout: target.connect_timeout,
            slots,
            next: AtomicUsize::new(0),
            refresh: None,
        })
    }

    /// Obtains a credential again when the server answers UNAUTHENTICATED to a call that
    /// carries it, and sends the call again.
    #[must_use]
    pub fn refreshing_by(mut self, source: Box<dyn RefreshCredential>) -> Self {
        self.refresh = Some(Refresh::new(source));
        self
    }

    /// Sends one call and waits for the complete answer, for `timeout` at most.
    ///
    /// Every call has the headers of gRPC and the metadata of the target. An entry of
    /// `headers` replaces a header that is already set; an empty value removes it. The
    /// name `:method` sets the HTTP method.
    pub async fn call(
        &self,
        path: &str,
        headers: &[(String, Vec<u8>)],
        body: RawBody,
        timeout: Duration,
    ) -> Outcome {
        let Some(refresh) = &self.refresh else {
            return self.call_once(path, headers, &body, timeout).await;
        };
        loop {
            let generation = refresh.generation();
            let outcome = self.call_once(path, headers, &body, timeout).await;
            let refused = is_unauthenticated(&outcome);
            refresh.record(generation, refused);
            let credential = self.refreshable_credential(path, headers);
            let Some(name) = credential.filter(|_| refused) else {
                return outcome;
            };
            if !refresh.refresh(&name, generation, &self.endpoint).await {
                return outcome;
            }
        }
    }

    /// The credential that a call carries, if its token can be obtained again. A call whose
    /// `headers` replace that of the credential tests the credential itself.
    fn refreshable_credential(
        &self,
        path: &str,
        headers: &[(String, Vec<u8>)],
    ) -> Option<Arc<str>> {
        let sent = self.endpoint.metadata_of(path).into_iter();
        let mut kept = sent.filter(|sent| {
            let mut replaced = headers.iter();
            !replaced.any(|(name, _)| name.eq_ignore_ascii_case(sent.name.as_str()))
        });
        kept.find_map(|sent| sent.refreshable)
    }

    async fn call_once(
        &self,
        path: &str,
        headers: &[(String, Vec<u8>)],
        body: &RawBody,
        timeout: Duration,
    ) -> Outcome {
        let request = match self.endpoint.request(path, headers) {
            Ok(request) => request,
            Err(cause) => return Outcome::Unreachable { cause },
        };
        let mut attempt = 1;
        loop {
            match self.attempt(&request, body, timeout).await {
                ExchangeResult::Completed(outcome) => return outcome,
                ExchangeResult::NotProcessed(outcome) if attempt >= MAX_ATTEMPTS => return outcome,
                ExchangeResult::NotProcessed(_) => {
                    tokio::time::sleep(Duration::from_millis(5) * attempt).await;
                    attempt += 1;
                }
            }
        }
    }

    /// The tokens in the metadata of the calls to a method.
    pub(crate) fn secrets_of(&self, path: &str) -> Vec<Vec<u8>> {
        let sent = self.endpoint.metadata_of(path).into_iter();
        let secret = |value: &[u8]| {
            let mut credentials = self.endpoint.credentials.iter();
            credentials.any(|credential| credential.value == value)
        };
        let secrets =
            sent.filter(|sent| sent.refreshable.is_some() || secret(sent.value.as_bytes()));
        secrets
            .filter_map(|sent| {
                // Without a scheme such as `Bearer`.
                let token = sent.value.as_bytes().rsplit(|byte| *byte == b' ').next()?;
                Some(token.to_vec())
            })
            .collect()
    }

    /// Opens a connection that no other calls share.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn dedicated(&self) -> Result<DedicatedConnection<'_>, ConnectError> {
        Ok(DedicatedConnection {
            endpoint: &self.endpoint,
            connection: Connection::open(&self.endpoint, self.connect_timeout).await?,
        })
    }

    /// Opens and closes a new connection to test whether the server can be reached.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn reachable(&self) -> Result<(), ConnectError> {
        let fresh = Connection::open(&self.endpoint, self.connect_timeout).await?;
        fresh.close();
        Ok(())
    }

    /// Whether calls of a method carry a credential that it accepts; true where it
    /// requires none.
    pub fn has_credential_for(&self, method: &Method) -> bool {
        let mut keys = method.access.iter().map(|access| &access.metadata_key);
        let is_sent = |key: &String| {
            let mut sent = self.endpoint.metadata_of(&method.path).into_iter();
            sent.any(|header| header.name.as_str().eq_ignore_ascii_case(key))
        };
        method.access.is_empty() || keys.any(is_sent)
    }

    /// The credentials that the method does not accept, and that its calls do not carry.
    pub fn credentials_not_for(&self, method: &Method) -> impl Iterator<Item = &CredentialHeader> {
        let credentials = self.endpoint.credentials.iter();
        credentials.filter(|credential| {
            let mut alternatives = method.access.iter();
            let accepted = alternatives.any(|access| {
                let names = access.credential_names();
                names.contains(&credential.name.as_str())
            });
            let mut sent = self.endpoint.metadata_of(&method.path).into_iter();
            !accepted && !sent.any(|header| header.value.as_bytes() == credential.value)
        })
    }

    async fn attempt(
        &self,
        request: &Request<()>,
        body: &RawBody,
        limit: Duration,
    ) -> ExchangeResult {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &self.slots[turn % self.slots.len()];
        let connection = match self.connection(slot).await {
            Ok(connection) => connection,
            Err(error) => {
                let cause = error.to_string();
                return ExchangeResult::Completed(Outcome::Unreachable { cause });
            }
        };
        let exchanged = exchange(&connection, request, body);
        match tokio::time::timeout(limit, exchanged).await {
            Ok(exchanged) => exchanged,
            Err(_) => ExchangeResult::Completed(Outcome::TimedOut { after: limit }),
        }
    }

    async fn connection(&self, slot: &Slot) -> Result<Connection, ConnectError> {
        if let Some(open) = slot.open() {
            return Ok(open);
        }
        let _connecting = slot.connecting.lock().await;
        if let Some(open) = slot.open() {
            return Ok(open);
        }
        let fresh = Connection::open(&self.endpoint, self.connect_timeout).await?;
        let mut connection = slot
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *connection = Some(fresh.clone());
        Ok(fresh)
    }
}

/// A connection that no other calls share. It is closed when this is dropped.
pub(crate) struct DedicatedConnection<'p> {
    endpoint: &'p Endpoint,
    connection: Connection,
}

impl DedicatedConnection<'_> {
    /// As [`Probe::call`], without repetitions. `None` if the server says that it did not
    /// process the call.
    pub(crate) async fn call(
        &self,
        path: &str,
        headers: &[(String, Vec<u8>)],
        body: &RawBody,
        timeout: Duration,
    ) -> Option<Outcome> {
        let request = match self.endpoint.request(path, headers) {
            Ok(request) => request,
            Err(cause) => return Some(Outcome::Unreachable { cause }),
        };
        let exchanged = exchange(&self.connection, &request, body);
        match tokio::time::timeout(timeout, exchanged).await {
            Ok(ExchangeResult::Completed(outcome)) => Some(outcome),
            Ok(ExchangeResult::NotProcessed(_)) => None,
            Err(_) => Some(Outcome::TimedOut { after: timeout }),
        }
    }
}

impl Drop for DedicatedConnection<'_> {
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// Whether the server does not accept the credential of the call: gRPC code 16.
fn is_unauthenticated(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answered(answer) if answer.grpc_code() == Some(16))
}

impl Slot {
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
