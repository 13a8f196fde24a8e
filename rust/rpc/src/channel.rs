//! The client side: one channel type for a service in the same process and for one
//! across the network.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Request, Response, Uri, header::AUTHORIZATION, uri::Scheme};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tonic::{Code, Status, TimeoutExpired, body::Body, codegen::BoxFuture, transport::Endpoint};
use tower::{Service, ServiceExt};

use crate::{
    AccountId, CallContext, Caller, ServiceName,
    context::{REQUEST_ID, TRACEPARENT, TRACESTATE, never_indexed},
    failure::error_chain,
    identity::{OnBehalfOf, Refusal},
    layers::Stack,
    service_credential,
    timeout::{GRPC_TIMEOUT, format_timeout, parse_timeout},
};

/// How long connecting may take. Calls wait for the connection, each until its own
/// deadline.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection without traffic for this long is pinged, also if no call is in flight,
/// so that a lost server is detected before the next call.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long the reply to a ping may take before the connection is closed.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// The transport of every generated client: `InventoryServiceClient::new(channel)`.
/// Cheap to clone; clones share the connection.
///
/// A nested call, made while another call is served, inherits that call's request id,
/// trace and remaining time. If no time remains, it fails with DEADLINE_EXCEEDED and
/// nothing is sent. The channel does not retry.
#[derive(Clone)]
pub struct Channel {
    transport: Transport,
    authorization: Option<HeaderValue>,
    /// Who makes the calls, for a service of the same process.
    caller: Option<Caller>,
    /// The proof of the calling service, and the account for which it acts.
    identity: HeaderMap,
}

#[derive(Clone)]
enum Transport {
    Network {
        channel: tonic::transport::Channel,
        address: Arc<str>,
    },
    InProcess(Stack),
    Late(Arc<OnceLock<Channel>>),
}

/// The error of [`Channel::connect`]: the address can never be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The text is not `http://HOST:PORT`.
    #[error("{uri:?} is not an address: write http://HOST:PORT")]
    Malformed {
        /// The text that was given.
        uri: String,
    },
    /// The scheme is not `http`; TLS is not supported yet.
    #[error("{uri:?} has a scheme that is not supported: write http://HOST:PORT")]
    Scheme {
        /// The text that was given.
        uri: String,
    },
}

impl Channel {
    /// A channel to `http://HOST:PORT`. It connects on the first call, and again when the
    /// connection is lost. Without a connection, calls fail with UNAVAILABLE and a
    /// message that contains the address.
    pub fn connect(uri: &str) -> Result<Self, ConnectError> {
        let malformed = || ConnectError::Malformed {
            uri: uri.to_owned(),
        };
        let parsed: Uri = uri.parse().map_err(|_| malformed())?;
        match parsed.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => {}
            Some(_) => {
                return Err(ConnectError::Scheme {
                    uri: uri.to_owned(),
                });
            }
            None => return Err(malformed()),
        }
        if parsed.path() != "/" || parsed.query().is_some() {
            return Err(malformed());
        }
        let address = parsed.authority().ok_or_else(malformed)?.as_str().into();
        let endpoint = Endpoint::from(parsed)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        let channel = endpoint.connect_lazy();
        Ok(Self::from_transport(Transport::Network {
            channel,
            address,
        }))
    }

    /// Adds the operator token to every call that has no `authorization` header yet. A
    /// token that is not a valid header value is not sent, so such calls are refused.
    #[must_use]
    pub fn with_operator_token(mut self, token: &str) -> Self {
        self.authorization = HeaderValue::from_str(&format!("Bearer {token}"))
            .map(|mut value| {
                value.set_sensitive(true);
                value
            })
            .ok();
        self
    }

    /// States who makes the calls. It has an effect only for services of the same
    /// process, which believe it. Across the network, the caller is whoever the
    /// credentials of the call prove.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Makes the calls as a service: within the process by its name, across the network by
    /// its secret, if there is one. Without a secret, services of other processes refuse
    /// calls to methods that only services may call.
    #[must_use]
    pub fn as_service(mut self, name: &ServiceName, secret: Option<&str>) -> Self {
        let proof = secret.and_then(|secret| service_credential::proof(name, secret));
        if let Some((header, value)) = proof {
            self.identity.insert(header, value);
        }
        self.with_caller(Caller::Service(name.clone()))
    }

    /// Makes the calls of a service for an account.
    #[must_use]
    pub fn on_behalf_of(mut self, account: AccountId) -> Self {
        if let Some((header, value)) = service_credential::account_header(account) {
            self.identity.insert(header, value);
        }
        self
    }

    pub(crate) fn in_process(stack: Stack) -> Self {
        Self::from_transport(Transport::InProcess(stack))
    }

    fn from_transport(transport: Transport) -> Self {
        Self {
            transport,
            authorization: None,
            caller: None,
            identity: HeaderMap::new(),
        }
    }

    /// Adds the credential and the headers that a nested call inherits; returns the
    /// deadline.
    fn add_inherited_headers(
        &self,
        request: &mut Request<Body>,
    ) -> Result<Option<Instant>, Status> {
        let headers = request.headers_mut();
        if let Some(value) = &self.authorization {
            headers
                .entry(AUTHORIZATION)
                .or_insert_with(|| value.clone());
        }
        for (name, value) in &self.identity {
            headers.insert(name, value.clone());
        }
        let now = Instant::now();
        let own = headers
            .get(&GRPC_TIMEOUT)
            .and_then(|value| parse_timeout(value.as_bytes()).ok());
        let own = own.and_then(|timeout| now.checked_add(timeout));
        let Some(context) = CallContext::current() else {
            return Ok(own);
        };
        headers
            .entry(&REQUEST_ID)
            .or_insert_with(|| context.request_id_header());
        if !headers.contains_key(&TRACEPARENT) {
            let child = context.trace().child().to_string();
            if let Ok(child) = HeaderValue::try_from(child) {
                headers.insert(&TRACEPARENT, never_indexed(child));
            }
            if let Some(state) = context.tracestate() {
                headers.insert(&TRACESTATE, state.clone());
            }
        }
        let Some(inherited) = context.deadline() else {
            return Ok(own);
        };
        let deadline = own.map_or(inherited, |own| own.min(inherited));
        let remaining = deadline.saturating_duration_since(now);
        if remaining.is_zero() {
            return Err(deadline_exceeded_status());
        }
        if let Ok(remaining) = HeaderValue::try_from(format_timeout(remaining)) {
            headers.insert(&GRPC_TIMEOUT, never_indexed(remaining));
        }
        Ok(Some(deadline))
    }

    fn dispatch(
        self,
        mut request: Request<Body>,
        deadline: Option<Instant>,
    ) -> BoxFuture<Response<Body>, Status> {
        match self.transport {
            Transport::Network { channel, address } => {
                Box::pin(over_network(channel, address, request, deadline))
            }
            Transport::InProcess(mut stack) => {
                // A handler may pass on the extensions of its own request, but not its
                // caller.
                let extensions = request.extensions_mut();
                extensions.remove::<Caller>();
                extensions.remove::<OnBehalfOf>();
                extensions.remove::<Refusal>();
                if let Some(caller) = self.caller {
                    extensions.insert(caller);
                }
                let response = stack.call(request);
                Box::pin(async move {
                    match response.await {
                        Ok(response) => Ok(response.map(Body::new)),
                        Err(never) => match never {},
                    }
                })
            }
            Transport::Late(slot) => match slot.get() {
                Some(channel) => {
                    let mut channel = channel.clone();
                    channel.caller = self.caller.or(channel.caller);
                    channel.dispatch(request, deadline)
                }
                None => Box::pin(std::future::ready(Err(Status::unavailable(
                    "the service is still starting",
                )))),
            },
        }
    }
}

/// Enforces the deadline on the client side until the response headers arrive; from
/// then on the server ends the response. The server alone is not enough: the deadline
/// may pass while the connection is being made, or the server may be gone.
async fn over_network(
    channel: tonic::transport::Channel,
    address: Arc<str>,
    request: Request<Body>,
    deadline: Option<Instant>,
) -> Result<Response<Body>, Status> {
    let response = channel.oneshot(request);
    let result = match deadline {
        Some(deadline) => match tokio::time::timeout_at(deadline, response).await {
            Ok(result) => result,
            Err(_) => return Err(deadline_exceeded_status()),
        },
        None => response.await,
    };
    match result {
        Ok(response) => Ok(response.map(|body| {
            Body::new(body.map_err(move |status| connection_lost_status(status, &address)))
        })),
        Err(error) => Err(connect_error_status(&error, &address)),
    }
}

fn deadline_exceeded_status() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

/// UNAVAILABLE with the address and the causes on one line, or DEADLINE_EXCEEDED if
/// tonic's own timer expired.
fn connect_error_status(error: &(dyn std::error::Error + 'static), address: &str) -> Status {
    let mut cause = Some(error);
    while let Some(current) = cause {
        // tonic starts a timer from the same header, which may expire first.
        if current.is::<TimeoutExpired>() {
            return deadline_exceeded_status();
        }
        cause = current.source();
    }
    Status::unavailable(format!("cannot reach {address}: {}", error_chain(error)))
}

/// Replaces tonic's UNKNOWN or INTERNAL for a connection that breaks during the
/// response with UNAVAILABLE. Such a status has the error as its source; a status that
/// the server sent has none and is kept.
fn connection_lost_status(status: Status, address: &str) -> Status {
    let has_source = std::error::Error::source(&status).is_some();
    if has_source && matches!(status.code(), Code::Unknown | Code::Internal) {
        return Status::unavailable(format!("lost the connection to {address}"));
    }
    status
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<Response<Body>, Status>;

    /// Always ready, because generated clients convert an error of `poll_ready` to
    /// UNKNOWN.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.add_inherited_headers(&mut request) {
            Ok(deadline) => self.clone().dispatch(request, deadline),
            Err(status) => Box::pin(std::future::ready(Err(status))),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.transport {
            Transport::Network { address, .. } => address,
            Transport::InProcess(_) => "in process",
            Transport::Late(_) => "late",
        };
        formatter.debug_tuple("Channel").field(&target).finish()
    }
}

/// A channel whose target is set later, for a service that calls another service of the
/// same process: the other's channel exists only when the router is built, and building
/// the router needs the service.
pub struct LateChannel;

impl LateChannel {
    /// A channel whose calls fail with UNAVAILABLE until the setter is used.
    #[expect(clippy::new_ret_no_self, reason = "returns the channel and its setter")]
    pub fn new() -> (Channel, LateChannelSetter) {
        let slot = Arc::new(OnceLock::new());
        let channel = Channel::from_transport(Transport::Late(Arc::clone(&slot)));
        (channel, LateChannelSetter(slot))
    }
}

/// Sets the target of a [`LateChannel`].
#[derive(Debug)]
pub struct LateChannelSetter(Arc<OnceLock<Channel>>);

impl LateChannelSetter {
    /// Sends all calls to `channel` from now on.
    pub fn set(self, channel: Channel) {
        // Can't fail: each slot has one setter, and `set` consumes it.
        let _ = self.0.set(channel);
    }
}
