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
mod certificates;
mod connect_error;
mod connection;
mod credentials;
mod exchange;
mod forged_certificate;
mod pool;
mod protocol_detection;
mod read_limits;
mod refresh;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod tls;

use std::{sync::Arc, time::Duration};

use http::Request;

use crate::{contract::Method, outcome::Outcome};
use connection::Connection;
use exchange::{ExchangeResult, exchange};
use pool::Pool;
use refresh::Refresh;
use target::Endpoint;

pub use body::{RawBody, frame, frames, request_body};
pub(crate) use certificates::ClientCertificate;
pub use connect_error::ConnectError;
pub use read_limits::ReadLimits;
pub use refresh::RefreshCredential;
pub use target::{CertificateCredential, CredentialHeader, Identity, Metadata, Target, Tls};

/// How often a call is sent at most when the server says that it has not processed it:
/// REFUSED_STREAM, or GOAWAY.
const MAX_ATTEMPTS: u32 = 5;

/// A client of one server.
#[derive(Debug)]
pub struct Probe {
    endpoint: Endpoint,
    connect_timeout: Duration,
    /// The first without a certificate of a credential, then one for each certificate.
    pools: Vec<Pool>,
    refresh: Option<Refresh>,
}

impl Probe {
    /// Connects, and waits for the first frame of the server, so that a server without
    /// HTTP/2 is detected here and not by the first call.
    ///
    /// # Errors
    /// When the server can't be reached or is no HTTP/2 server; see [`ConnectError`].
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let endpoint = Endpoint::of(target)?;
        let connector = endpoint.tls.as_ref();
        let first = Connection::open(&endpoint, connector, target.connect_timeout).await?;
        let mut pools: Vec<Pool> = Vec::new();
        let several = || Pool::new(target.connections);
        pools.resize_with(endpoint.certificates.len() + 1, several);
        pools[0].put(first);
        Ok(Self {
            endpoint,
            connect_timeout: target.connect_timeout,
            pools,
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

    /// Opens a connection for calls of a method that no other calls share.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn dedicated(
        &self,
        method: &Method,
    ) -> Result<DedicatedConnection<'_>, ConnectError> {
        let certificate = self.endpoint.certificate_of(&method.path);
        Ok(DedicatedConnection {
            endpoint: &self.endpoint,
            connection: self.open(certificate).await?,
        })
    }

    /// Opens a connection with a certificate of a credential, or with the usual one.
    async fn open(&self, certificate: Option<usize>) -> Result<Connection, ConnectError> {
        let connector = self.endpoint.connector(certificate);
        Connection::open(&self.endpoint, connector, self.connect_timeout).await
    }

    /// Opens and closes a new connection to test whether the server can be reached.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn reachable(&self) -> Result<(), ConnectError> {
        let fresh = self.open(None).await?;
        fresh.close();
        Ok(())
    }

    async fn attempt(
        &self,
        request: &Request<()>,
        body: &RawBody,
        limit: Duration,
    ) -> ExchangeResult {
        let certificate = self.endpoint.certificate_of(request.uri().path());
        let pool = &self.pools[certificate.map_or(0, |number| number + 1)];
        let opened = pool.connection(|| self.open(certificate)).await;
        let connection = match opened {
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
