//! Calls to one server across the network: connection, attempts, and what a failed
//! attempt means.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Request, Response, Uri,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Full};
use tokio::time::Instant;
use tonic::transport::Endpoint;
use tonic::{Code, ConnectError as NotConnected, Status, TimeoutExpired, body::Body};
use tower::{
    ServiceExt,
    retry::budget::{Budget, TpsBudget},
};

use super::{
    breaker::{Breaker, OPEN_DURATION},
    deadline::{deadline_exceeded, set_remaining_time},
    retry::{self, Failed},
};
use crate::{
    context::REQUEST_ID,
    failure::error_chain,
    layers::abort::{AbortSignal, Abortable},
    method::MethodInfo,
    tls::{ClientTls, Connector},
};

/// How long connecting may take. Calls wait for the connection, each until its own
/// deadline.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection without traffic for this long is pinged, also if no call is in flight,
/// so that a lost server is detected before the next call.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long the reply to a ping may take before the connection is closed.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

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

/// A server, with what all calls to it share.
pub(super) struct Target {
    channel: tonic::transport::Channel,
    address: Box<str>,
    breaker: Breaker,
    /// Retries are at most a fifth of the calls of the last ten seconds, and ten a second.
    /// More would multiply the load of a server that is overloaded already.
    retry_budget: TpsBudget,
}

impl Target {
    pub(super) fn new(uri: &str, tls: Option<&ClientTls>) -> Result<Self, ConnectError> {
        let text = || uri.to_owned();
        let malformed = || ConnectError::Malformed { uri: text() };
        let parsed: Uri = uri.parse().map_err(|_| malformed())?;
        let tls = match parsed.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => None,
            Some(scheme) if *scheme == Scheme::HTTPS => {
                Some(tls.ok_or_else(|| ConnectError::NoCertificates { uri: text() })?)
            }
            Some(_) => return Err(ConnectError::Scheme { uri: text() }),
            None => return Err(malformed()),
        };
        if parsed.path() != "/" || parsed.query().is_some() {
            return Err(malformed());
        }
        let authority = parsed.authority().cloned().ok_or_else(malformed)?;
        let address: Box<str> = authority.as_str().into();
        let channel = match tls {
            None => with_policy(Endpoint::from(parsed)).connect_lazy(),
            Some(tls) => {
                let connector = Connector::new(tls, authority.host());
                let connector = connector.ok_or_else(malformed)?;
                connect_securely(&authority, connector).ok_or_else(malformed)?
            }
        };
        Ok(Self {
            channel,
            breaker: Breaker::new(&address),
            address,
            retry_budget: TpsBudget::new(Duration::from_secs(10), 10, 0.2),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
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
                let response = self.attempt(request, method, deadline).await;
                return response.map_err(Failed::into_status);
            }
        };
        self.retry_budget.deposit();
        let mut attempts = 1_u32;
        loop {
            let request = Request::from_parts(parts.clone(), buffered_body(&body));
            let outcome = self.attempt(request, method, deadline).await;
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
                address = %self.address,
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
        }
    }

    /// Makes one attempt, if the circuit breaker permits it. Health and reflection pass it,
    /// so that a health check always tells the present state.
    async fn attempt(
        &self,
        request: Request<Body>,
        method: &'static MethodInfo,
        deadline: Option<Instant>,
    ) -> Result<Response<Body>, Failed> {
        if method.infrastructure {
            return self.send(request, deadline).await;
        }
        let Some(permit) = self.breaker.permit() else {
            let address = &self.address;
            let seconds = OPEN_DURATION.as_secs();
            return Err(Failed::BreakerOpen(Status::unavailable(format!(
                "{address} does not answer; it is tried again every {seconds} s"
            ))));
        };
        let outcome = self.send(request, deadline).await;
        match &outcome {
            Ok(response) => match retry::failure_status(response) {
                // With details, a single method is unavailable, such as one whose database
                // is down. The server itself answers.
                Some(status)
                    if status.code() == Code::Unavailable && status.details().is_empty() =>
                {
                    permit.failed();
                }
                _ => permit.succeeded(),
            },
            Err(failed) if failed.status().code() == Code::Unavailable => permit.failed(),
            // A deadline that passes says nothing: it may have been too short.
            Err(_) => {}
        }
        outcome
    }

    /// Sends a request. The deadline is enforced here too, and not only by the server: it
    /// may pass while the connection is being made, or the server may hang.
    async fn send(
        &self,
        request: Request<Body>,
        deadline: Option<Instant>,
    ) -> Result<Response<Body>, Failed> {
        let response = self.channel.clone().oneshot(request);
        let mut expired = deadline.map(|deadline| -> AbortSignal {
            let expired = tokio::time::sleep_until(deadline);
            Box::pin(async move {
                expired.await;
                deadline_exceeded()
            })
        });
        let result = match &mut expired {
            Some(expired) => tokio::select! {
                biased;
                result = response => result,
                status = expired => return Err(Failed::Unknown(status)),
            },
            None => response.await,
        };
        let response = result.map_err(|error| failed_attempt(&error, &self.address))?;
        let address = self.address.clone();
        Ok(response.map(|body| {
            let body = body.map_err(move |status| connection_lost_status(status, &address));
            Body::new(Abortable::new(body, expired))
        }))
    }
}

/// A channel that connects by TLS. tonic reads its certificates only once, so that it must not
/// know of TLS, and gets a connector that makes the handshake. Servers see `https` in the
/// requests.
fn connect_securely(
    authority: &Authority,
    connector: Connector,
) -> Option<tonic::transport::Channel> {
    let uri = |scheme: &str, port: Option<u16>| {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{}{port}", authority.host())
            .parse()
            .ok()
    };
    let address: Uri = uri("http", Some(authority.port_u16().unwrap_or(443)))?;
    let origin: Uri = uri("https", authority.port_u16())?;
    let endpoint = Endpoint::from(address).origin(origin);
    Some(with_policy(endpoint).connect_with_connector_lazy(connector))
}

fn with_policy(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
}

fn buffered_body(bytes: &Bytes) -> Body {
    if bytes.is_empty() {
        return Body::empty();
    }
    Body::new(Full::new(bytes.clone()).map_err(|never| -> Status { match never {} }))
}

/// UNAVAILABLE with the address and the causes on one line, or DEADLINE_EXCEEDED if
/// tonic's own timer expired.
fn failed_attempt(error: &(dyn Error + 'static), address: &str) -> Failed {
    let status = Status::unavailable(format!("cannot reach {address}: {}", error_chain(error)));
    let mut causes = Some(error);
    while let Some(cause) = causes {
        // tonic starts a timer from the same header, which may expire first.
        if cause.is::<TimeoutExpired>() {
            return Failed::Unknown(deadline_exceeded());
        }
        let refused = cause
            .downcast_ref::<h2::Error>()
            .is_some_and(|error| error.reason() == Some(h2::Reason::REFUSED_STREAM));
        if refused || cause.is::<NotConnected>() {
            return Failed::Unprocessed(status);
        }
        causes = cause.source();
    }
    Failed::Unknown(status)
}

/// Replaces tonic's UNKNOWN or INTERNAL for a connection that breaks during the
/// response with UNAVAILABLE. Such a status has the error as its source; a status that
/// the server sent has none and is kept.
fn connection_lost_status(status: Status, address: &str) -> Status {
    if status.source().is_some() && matches!(status.code(), Code::Unknown | Code::Internal) {
        return Status::unavailable(format!("lost the connection to {address}"));
    }
    status
}
