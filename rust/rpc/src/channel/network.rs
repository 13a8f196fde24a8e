//! Calls across the network, to one of the servers of a name: attempts and their budget.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::retry::budget::{Budget, TpsBudget};

use super::{
    deadline::set_remaining_time,
    retry::{self, Failed},
    server::Server,
    servers::Servers,
};
use crate::{context::REQUEST_ID, method::MethodInfo, tls::ClientTls};

/// The header of a retried call: how many attempts were made before (gRFC A6).
static PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// The error of [`Channel::connect`](super::Channel::connect): the address can never be
/// used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The text is not `http://HOST:PORT` or `https://HOST:PORT`.
    #[error("{uri:?} is not an address: write http://HOST:PORT or https://HOST:PORT")]
    Malformed {
        /// The text that was given.
        uri: String,
    },
    /// The scheme is neither `http` nor `https`.
    #[error(
        "{uri:?} has a scheme that is not supported: write http://HOST:PORT or https://HOST:PORT"
    )]
    Scheme {
        /// The text that was given.
        uri: String,
    },
    /// The scheme is `https`, and the channel has no certificates.
    #[error("{uri:?} needs TLS, for which this channel has no certificates")]
    NoCertificates {
        /// The text that was given.
        uri: String,
    },
}

/// The servers of a name, with what all calls to them share.
pub(super) struct Target {
    servers: Arc<Servers>,
    text: Box<str>,
    /// Retries are at most a fifth of the calls of the last ten seconds, and ten a second.
    /// More would multiply the load of servers that are overloaded already.
    retry_budget: TpsBudget,
}

impl Target {
    pub(super) fn new(uris: &[&str], tls: Option<&ClientTls>) -> Result<Self, ConnectError> {
        let servers = Servers::new(uris, tls)?;
        Ok(Self {
            text: servers.text().into(),
            servers: Arc::new(servers),
            retry_budget: TpsBudget::new(Duration::from_secs(10), 10, 0.2),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.text
    }

    /// Makes a call, and again while [`retry::delay`], the budget and the deadline allow it
    /// and `retries` is set.
    pub(super) async fn call(
        &self,
        request: Request<Body>,
        method: &'static MethodInfo,
        deadline: Option<Instant>,
        retries: bool,
    ) -> Result<Response<Body>, Status> {
        let resolved = self.servers.resolve();
        match deadline {
            // The attempt then tells that the deadline has passed.
            Some(deadline) => drop(tokio::time::timeout_at(deadline, resolved).await),
            None => resolved.await,
        }
        let (mut parts, body) = request.into_parts();
        let body = if retries {
            retry::buffer(body)
        } else {
            Err(body)
        };
        let body = match body {
            Ok(body) => body,
            Err(body) => {
                let request = Request::from_parts(parts, body);
                let server = self.choose(None)?;
                let response = server.attempt(request, method, deadline).await;
                return response.map_err(Failed::into_status);
            }
        };
        self.retry_budget.deposit();
        let mut attempts = 1_u32;
        let mut server = self.choose(None)?;
        loop {
            let request = Request::from_parts(parts.clone(), buffered_body(&body));
            let outcome = server.attempt(request, method, deadline).await;
            let next = retry::delay(method, &outcome, attempts)
                .map(|delay| Instant::now() + delay)
                .filter(|next| deadline.is_none_or(|deadline| *next < deadline))
                .filter(|_| self.retry_budget.withdraw());
            let Some(next) = next else {
                return outcome.map_err(Failed::into_status);
            };
            tracing::debug!(
                request_id = ?parts.headers.get(&REQUEST_ID),
                method = method.path,
                address = server.address(),
                attempts,
                "retrying a call"
            );
            metrics::counter!(
                "grpc_client_retries_total",
                "grpc_service" => method.service,
                "grpc_method" => method.name,
            )
            .increment(1);
            drop(outcome);
            tokio::time::sleep_until(next).await;
            parts
                .headers
                .insert(&PREVIOUS_ATTEMPTS, HeaderValue::from(attempts));
            if let Some(deadline) = deadline {
                set_remaining_time(&mut parts.headers, deadline)?;
            }
            attempts += 1;
            server = self.choose(Some(&server))?;
        }
    }

    fn choose(&self, tried: Option<&Arc<Server>>) -> Result<Arc<Server>, Status> {
        let server = self.servers.choose(tried);
        server.ok_or_else(|| Status::unavailable(format!("{} has no address", self.text)))
    }
}

fn buffered_body(bytes: &Bytes) -> Body {
    if bytes.is_empty() {
        return Body::empty();
    }
    Body::new(Full::new(bytes.clone()).map_err(|never| -> Status { match never {} }))
}
