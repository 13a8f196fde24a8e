//! One server across the network: its connection, its circuit breaker and its load, and what a
//! failed attempt to call it means.

use std::{error::Error, net::SocketAddr, time::Duration};

use http::{
    Request, Response, Uri,
    uri::{Authority, Scheme},
};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tonic::transport::Endpoint;
use tonic::{Code, ConnectError as NotConnected, Status, TimeoutExpired, body::Body};
use tower::ServiceExt;

use super::{
    breaker::{Breaker, OPEN_DURATION},
    deadline::deadline_exceeded,
    load::Load,
    network::ConnectError,
    retry::{self, Failed},
};
use crate::{
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

/// The name of one or more servers, and how to connect to them.
#[derive(Clone)]
pub(super) struct Origin {
    authority: Authority,
    connector: Option<Connector>,
}

impl Origin {
    pub(super) fn new(uri: &str, tls: Option<&ClientTls>) -> Result<Self, ConnectError> {
        let text = || uri.to_owned();
        let malformed = || ConnectError::Malformed { uri: text() };
        let parsed: Uri = uri.parse().map_err(|_| malformed())?;
        let authority = parsed.authority().cloned();
        let connector = match parsed.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => None,
            Some(scheme) if *scheme == Scheme::HTTPS => {
                let tls = tls.ok_or_else(|| ConnectError::NoCertificates { uri: text() })?;
                let host = authority.as_ref().map(Authority::host).unwrap_or_default();
                Some(Connector::new(tls, host).ok_or_else(malformed)?)
            }
            Some(_) => return Err(ConnectError::Scheme { uri: text() }),
            None => return Err(malformed()),
        };
        if parsed.path() != "/" || parsed.query().is_some() {
            return Err(malformed());
        }
        Ok(Self {
            authority: authority.ok_or_else(malformed)?,
            connector,
        })
    }

    /// `HOST:PORT`, as it was given.
    pub(super) fn text(&self) -> &str {
        self.authority.as_str()
    }

    /// Without brackets around an IPv6 address.
    pub(super) fn host(&self) -> &str {
        self.authority.host().trim_matches(['[', ']'])
    }

    pub(super) fn port(&self) -> u16 {
        let default = if self.connector.is_some() { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(default)
    }

    /// A channel to the name itself, or to one of its addresses. It connects on the first call.
    fn connect(&self, address: Option<SocketAddr>) -> Option<tonic::transport::Channel> {
        let host = match address {
            Some(address) => address.to_string(),
            None => format!("{}:{}", self.authority.host(), self.port()),
        };
        // tonic reads certificates only once, so that it must not know of TLS, and gets a
        // connector that makes the handshake. Servers see the scheme and the name of the origin.
        let endpoint = Endpoint::from(format!("http://{host}").parse::<Uri>().ok()?);
        let scheme = if self.connector.is_some() {
            "https"
        } else {
            "http"
        };
        let origin = format!("{scheme}://{}", self.authority).parse().ok()?;
        let endpoint = with_policy(endpoint).origin(origin);
        Some(match self.connector.clone() {
            None => endpoint.connect_lazy(),
            Some(connector) => endpoint.connect_with_connector_lazy(connector),
        })
    }
}

/// A server, with what all calls to it share.
pub(super) struct Server {
    channel: tonic::transport::Channel,
    address: Box<str>,
    breaker: Breaker,
    load: Load,
}

impl Server {
    /// The server of a name, or that at one of its addresses; `None` if the name is none.
    pub(super) fn new(origin: &Origin, address: Option<SocketAddr>) -> Option<Self> {
        let text: Box<str> = match address {
            Some(address) => address.to_string().into(),
            None => origin.text().into(),
        };
        Some(Self {
            channel: origin.connect(address)?,
            breaker: Breaker::new(&text),
            address: text,
            load: Load::default(),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Whether a call would be sent.
    pub(super) fn is_available(&self) -> bool {
        self.breaker.is_permitting()
    }

    /// What another call costs here, compared with other servers.
    pub(super) fn cost(&self) -> f64 {
        self.load.cost()
    }

    /// Makes one attempt, if the circuit breaker permits it. Health and reflection pass it,
    /// so that a health check always tells the present state.
    pub(super) async fn attempt(
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
        let measured = self.load.begin();
        let outcome = self.send(request, deadline).await;
        let failure = match &outcome {
            Ok(response) => retry::failure_status(response),
            Err(failed) => Some(failed.status().clone()),
        };
        measured.end(failure.as_ref().map(Status::code));
        match &outcome {
            Ok(_) => match failure {
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

fn with_policy(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
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
