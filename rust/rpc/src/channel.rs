//! The caller's side: one type for a service of the same process and for one
//! across the network.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, header::AUTHORIZATION, uri::Scheme};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tonic::{Code, Status, TimeoutExpired, body::Body, codegen::BoxFuture, transport::Endpoint};
use tower::{Service, ServiceExt};

use crate::{
    CallContext, Caller,
    context::{REQUEST_ID, TRACEPARENT, TRACESTATE, never_indexed},
    failure::error_chain,
    layers::Stack,
    timeout::{GRPC_TIMEOUT, format_timeout, parse_timeout},
};

/// How long a connection may take to be made. Calls wait for it, each until its
/// own deadline.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After how long a silence a connection is pinged, also without calls in flight:
/// a peer that vanished is noticed before the next call needs it.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// A transport that every generated client takes:
/// `InventoryServiceClient::new(channel)`. Cheap to clone; clones share the
/// connection.
///
/// A call made while serving another carries that one's request id, trace and what
/// is left of its deadline. If nothing is left, the answer is DEADLINE_EXCEEDED
/// without a call. It does not retry.
#[derive(Clone)]
pub struct Channel {
    transport: Transport,
    authorization: Option<HeaderValue>,
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

/// Why an address cannot be connected to, ever.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not an address at all.
    #[error("{uri:?} is not an address: write http://HOST:PORT")]
    Malformed {
        /// What was given.
        uri: String,
    },
    /// Something else than plain HTTP/2.
    #[error("{uri:?} has a scheme that is not supported: write http://HOST:PORT")]
    Scheme {
        /// What was given.
        uri: String,
    },
}

impl Channel {
    /// A channel to `http://HOST:PORT`. Connects on the first call, and again when
    /// the connection is lost; calls in between answer UNAVAILABLE with the address.
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

    /// Sends the operator's token with every call that carries no credential yet.
    /// A token that no header can carry is left out, and the calls are refused.
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

    pub(crate) fn in_process(stack: Stack) -> Self {
        Self::from_transport(Transport::InProcess(stack))
    }

    fn from_transport(transport: Transport) -> Self {
        Self {
            transport,
            authorization: None,
        }
    }

    /// Adds to the request what it inherits; answers until when it may last.
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
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() {
            return Err(deadline_exceeded_status());
        }
        if let Ok(left) = HeaderValue::try_from(format_timeout(left)) {
            headers.insert(&GRPC_TIMEOUT, never_indexed(left));
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
                request.extensions_mut().insert(Caller::Internal);
                let answer = stack.call(request);
                Box::pin(async move {
                    match answer.await {
                        Ok(response) => Ok(response.map(Body::new)),
                        Err(never) => match never {},
                    }
                })
            }
            Transport::Late(slot) => match slot.get() {
                Some(channel) => channel.clone().dispatch(request, deadline),
                None => Box::pin(std::future::ready(Err(Status::unavailable(
                    "the service is still starting",
                )))),
            },
        }
    }
}

/// The deadline is watched here as well as by the server: a connection that is
/// being made, or a peer that is gone, knows of none. It is watched until the
/// answer begins; from there on the server ends it.
async fn over_network(
    channel: tonic::transport::Channel,
    address: Arc<str>,
    request: Request<Body>,
    deadline: Option<Instant>,
) -> Result<Response<Body>, Status> {
    let answer = channel.oneshot(request);
    let answer = match deadline {
        Some(deadline) => match tokio::time::timeout_at(deadline, answer).await {
            Ok(answer) => answer,
            Err(_) => return Err(deadline_exceeded_status()),
        },
        None => answer.await,
    };
    match answer {
        Ok(response) => Ok(response.map(|body| {
            Body::new(body.map_err(move |status| connection_lost_status(status, &address)))
        })),
        Err(error) => Err(connect_error_status(&error, &address)),
    }
}

fn deadline_exceeded_status() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

/// Says in one line who did not answer; a status that the peer sent stays.
fn connect_error_status(error: &(dyn std::error::Error + 'static), address: &str) -> Status {
    let mut cause = Some(error);
    while let Some(current) = cause {
        // tonic's own timer runs from the same header and may be first.
        if current.is::<TimeoutExpired>() {
            return deadline_exceeded_status();
        }
        cause = current.source();
    }
    Status::unavailable(format!("cannot reach {address}: {}", error_chain(error)))
}

/// A connection that breaks while the answer comes makes UNKNOWN in tonic, with
/// the error as its source; a status of the peer has none.
fn connection_lost_status(status: Status, address: &str) -> Status {
    let broken = std::error::Error::source(&status).is_some();
    if broken && matches!(status.code(), Code::Unknown | Code::Internal) {
        return Status::unavailable(format!("lost the connection to {address}"));
    }
    status
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<Response<Body>, Status>;

    /// Always ready: generated clients turn a failure here into UNKNOWN.
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
        let to = match &self.transport {
            Transport::Network { address, .. } => address,
            Transport::InProcess(_) => "in process",
            Transport::Late(_) => "late",
        };
        formatter.debug_tuple("Channel").field(&to).finish()
    }
}

/// For a service that calls a sibling of the same process: the sibling's channel
/// exists only once the router is built, and the router needs the service.
pub struct LateChannel;

impl LateChannel {
    /// A channel that answers UNAVAILABLE until its filler is used.
    #[expect(clippy::new_ret_no_self, reason = "the type only names the pair")]
    pub fn new() -> (Channel, LateChannelSetter) {
        let slot = Arc::new(OnceLock::new());
        let channel = Channel::from_transport(Transport::Late(Arc::clone(&slot)));
        (channel, LateChannelSetter(slot))
    }
}

/// Completes a [`LateChannel`].
#[derive(Debug)]
pub struct LateChannelSetter(Arc<OnceLock<Channel>>);

impl LateChannelSetter {
    /// From here on, calls go to `channel`.
    pub fn set(self, channel: Channel) {
        // The only filler of its slot, used up: the slot is empty.
        let _ = self.0.set(channel);
    }
}
