//! The client side: one channel type for a service in the same process and for one
//! across the network.

mod breaker;
mod deadline;
mod late;
mod load;
mod network;
mod outgoing_call;
mod retry;
mod server;
mod servers;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Request, Response, header::AUTHORIZATION};
use tokio::{sync::watch, time::Instant};
use tonic::{Status, body::Body, codegen::BoxFuture};
use tower::Service;

use self::{
    deadline::{set_deadline, set_remaining_time},
    late::wait_for_target,
    network::Target,
    outgoing_call::OutgoingCall,
    retry::is_retried,
};
use crate::{
    AccountId, BackgroundCall, CallContext, Caller, ServiceName, TraceContext,
    context::{REQUEST_ID, TRACEPARENT, TRACESTATE, never_indexed},
    identity::OnBehalfOf,
    layers::{Stack, completion},
    method::{self, MethodInfo},
    service_credential, session,
    spans::{
        self,
        grpc::{CallSpan, start_client},
    },
    tls::ClientTls,
};

pub use self::{
    late::{LateChannel, LateChannelSetter},
    network::ConnectError,
};

/// The transport of every generated client: `InventoryServiceClient::new(channel)`.
/// Cheap to clone; clones share the connection.
///
/// A nested call, made while another call is served, inherits that call's request id,
/// trace and remaining time, and each call carries the session of its caller (`consistency`). If no time remains, it fails with DEADLINE_EXCEEDED and
/// nothing is sent. A unary call without a deadline gets one of ten seconds.
///
/// Across the network, unary calls are retried if the contract allows it, and a server that
/// does not answer is left alone for a second; in one process neither is needed.
#[derive(Clone)]
pub struct Channel {
    transport: Transport,
    authorization: Option<HeaderValue>,
    /// Who makes the calls, for a service of the same process.
    caller: Option<Caller>,
    /// The proof of the calling service, and the account for which it acts.
    identity: HeaderMap,
    retries: bool,
}

#[derive(Clone)]
enum Transport {
    Network(Arc<Target>),
    InProcess(Box<Stack>),
    Late(watch::Receiver<Option<Channel>>),
}

impl Channel {
    /// A channel to `http://HOST:PORT`: to all servers, if the name has several addresses. It
    /// connects on the first call, and again when the connection is lost. Without a connection, calls fail with UNAVAILABLE and a
    /// message that contains the address.
    pub fn connect(uri: &str) -> Result<Self, ConnectError> {
        Self::connect_to(&[uri], None)
    }

    /// Like [`Channel::connect`], and also to `https://HOST:PORT`: then the server must have a
    /// certificate for HOST, and the client has that of `tls`, if it contains one.
    pub fn connect_with(uri: &str, tls: &ClientTls) -> Result<Self, ConnectError> {
        Self::connect_to(&[uri], Some(tls))
    }

    /// A channel to the servers at several addresses, and at all addresses of their names. Each
    /// call goes to one of them; `tls` is needed for `https` addresses.
    pub fn connect_to(uris: &[&str], tls: Option<&ClientTls>) -> Result<Self, ConnectError> {
        let target = Arc::new(Target::new(uris, tls)?);
        Ok(Self::from_transport(Transport::Network(target)))
    }

    /// Makes each call once: for tests of a server, and for callers that repeat calls
    /// themselves. The circuit breaker remains.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.retries = false;
        self
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
    /// the certificate of the channel, or by its secret, if there is one. With neither,
    /// services of other processes refuse calls to methods that only services may call.
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
        Self::from_transport(Transport::InProcess(Box::new(stack)))
    }

    fn from_transport(transport: Transport) -> Self {
        Self {
            transport,
            authorization: None,
            caller: None,
            identity: HeaderMap::new(),
            retries: true,
        }
    }

    /// Adds the credential and the headers that a nested call inherits; returns the
    /// deadline.
    fn add_inherited_headers(
        &self,
        request: &mut Request<Body>,
        method: &MethodInfo,
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
        let Some(context) = CallContext::current() else {
            return set_deadline(headers, method, None);
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
        set_deadline(headers, method, context.deadline())
    }

    /// Starts the span of a call, and makes it the parent of what the call causes. A call in the
    /// background begins a trace that is not recorded, unless it belongs to one.
    fn start_span(
        &self,
        request: &mut Request<Body>,
        method: &'static MethodInfo,
    ) -> Option<CallSpan> {
        if !spans::enabled() || request.headers().contains_key(&TRACEPARENT) {
            return None;
        }
        let in_background = request.extensions().get::<BackgroundCall>().is_some();
        let (span, trace) = if in_background && CallContext::current().is_none() {
            (None, TraceContext::root())
        } else {
            let address = match &self.transport {
                Transport::Network(target) => Some(target.address()),
                Transport::InProcess(_) | Transport::Late(_) => None,
            };
            let span = start_client(method, address)?;
            let trace = TraceContext::of_span(&span.context);
            (Some(span), trace)
        };
        if let Ok(trace) = HeaderValue::try_from(trace.to_string()) {
            let headers = request.headers_mut();
            headers.insert(&TRACEPARENT, never_indexed(trace));
            if let Some(state) = CallContext::current()
                .as_ref()
                .and_then(|call| call.tracestate())
            {
                headers.insert(&TRACESTATE, state.clone());
            }
        }
        span
    }

    fn dispatch(
        self,
        mut request: Request<Body>,
        method: &'static MethodInfo,
        deadline: Option<Instant>,
    ) -> BoxFuture<Response<Body>, Status> {
        match self.transport {
            Transport::Network(target) => {
                let retries = self.retries && is_retried(method);
                let call = OutgoingCall::new(&request, method);
                Box::pin(async move {
                    let outcome = target.call(request, method, deadline, retries).await;
                    call.ended(&outcome, target.address());
                    outcome
                })
            }
            Transport::InProcess(mut stack) => {
                // A handler may pass on the extensions of its own request, but not its
                // caller.
                let extensions = request.extensions_mut();
                extensions.remove::<Caller>();
                extensions.remove::<OnBehalfOf>();
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
            Transport::Late(ref target) => {
                let target = target.clone();
                let set = target.borrow().clone();
                if let Some(channel) = set {
                    return self.through(channel).dispatch(request, method, deadline);
                }
                Box::pin(async move {
                    let channel = wait_for_target(target, deadline).await?;
                    if let Some(deadline) = deadline {
                        set_remaining_time(request.headers_mut(), deadline)?;
                    }
                    let channel = self.through(channel);
                    channel.dispatch(request, method, deadline).await
                })
            }
        }
    }

    /// The target of a late channel, with what this channel states of its calls.
    fn through(self, mut target: Self) -> Self {
        target.caller = self.caller.or(target.caller);
        target.retries &= self.retries;
        target
    }
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
        let method = method::lookup(request.uri().path());
        let span = self.start_span(&mut request, method);
        let response = match self.add_inherited_headers(&mut request, method) {
            Ok(deadline) => match session::add_to_request(request.headers_mut()) {
                None => self.clone().dispatch(request, method, deadline),
                Some(session) => {
                    let response = self.clone().dispatch(request, method, deadline);
                    Box::pin(async move {
                        let response = response.await?;
                        session::merge_response(&session, response.headers());
                        Ok(response)
                    })
                }
            },
            Err(status) => Box::pin(std::future::ready(Err(status))),
        };
        match span {
            None => response,
            Some(span) => Box::pin(async move {
                let response = completion::observe(response, span).await?;
                Ok(response.map(Body::new))
            }),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.transport {
            Transport::Network(target) => target.address(),
            Transport::InProcess(_) => "in process",
            Transport::Late(_) => "late",
        };
        formatter.debug_tuple("Channel").field(&target).finish()
    }
}
