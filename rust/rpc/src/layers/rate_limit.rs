//! Rate limit: refuses a call with RESOURCE_EXHAUSTED, RATE_LIMITED and a retry delay if its
//! caller makes calls of its class too often. The rates are in [`rate_limits`](crate::rate_limits).
//!
//! The layer is there twice. Before any work is done, callers are told apart by what costs
//! nothing to verify: the operator token, the identity of a service, and else the address. A
//! session token costs a lookup, so a call with one counts as an attempt of its address, and
//! after authentication, in the second place, as a call of its account.
//!
//! | caller | before admission | after authentication |
//! | --- | --- | --- |
//! | in this process, or in a network that is exempt | | |
//! | operator, service | the operator, the service | |
//! | with another token | the address, class `token` | the account, or the address if the method verifies no token |
//! | without a token | the address | |
//!
//! A service that calls an expensive method and tells for which client also uses up the rate of
//! the address of that client, so that a browser cannot do by the shop what it cannot do itself.
//!
//! A stream counts as one call. Health is not limited.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use contract::errors::shared as errors;
use http::Request;
use tonic::{Status, body::Body};
use tower::Service;

use super::response_future::ResponseFuture;
use crate::{
    CallContext, Caller, RateLimits,
    authentication::Credentials,
    failure,
    identity::bearer_token,
    peer::told_client,
    rate_limits::{CallClass, RatedCaller},
};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct RateLimit<S> {
    inner: S,
    limits: RateLimits,
    place: Place,
}

#[derive(Clone)]
enum Place {
    BeforeAdmission(Arc<Credentials>),
    AfterAuthentication,
}

impl<S> RateLimit<S> {
    pub(crate) fn before_admission(
        inner: S,
        limits: RateLimits,
        credentials: Arc<Credentials>,
    ) -> Self {
        let place = Place::BeforeAdmission(credentials);
        Self {
            inner,
            limits,
            place,
        }
    }

    pub(crate) fn after_authentication(inner: S, limits: RateLimits) -> Self {
        let place = Place::AfterAuthentication;
        Self {
            inner,
            limits,
            place,
        }
    }

    fn check(&self, request: &Request<Body>) -> Result<(), Status> {
        let Some(call) = request.extensions().get::<Arc<CallContext>>() else {
            return Ok(());
        };
        let Some(class) = CallClass::of_method(call.method_info()) else {
            return Ok(());
        };
        match &self.place {
            Place::BeforeAdmission(credentials) => {
                self.check_unverified(request, call, class, credentials)
            }
            Place::AfterAuthentication if self.is_limited(call) => {
                self.check_verified(request, call, class)
            }
            Place::AfterAuthentication => Ok(()),
        }
    }

    fn check_verified(
        &self,
        request: &Request<Body>,
        call: &CallContext,
        class: CallClass,
    ) -> Result<(), Status> {
        let has_token = bearer_token(request.headers()).is_some();
        match (request.extensions().get(), call.peer()) {
            (Some(Caller::Account(account)), _) => {
                self.count(RatedCaller::Account(*account), class)
            }
            // Before admission only the token was counted, which may be anything.
            (Some(Caller::Anonymous) | None, Some(peer)) if has_token => {
                self.count(RatedCaller::address(peer.ip()), class)
            }
            _ => Ok(()),
        }
    }

    fn check_unverified(
        &self,
        request: &Request<Body>,
        call: &CallContext,
        class: CallClass,
        credentials: &Credentials,
    ) -> Result<(), Status> {
        let client = told_client(request.headers());
        let is_limited = self.is_limited(call);
        // Most calls end here, so that those within the process cost nothing.
        if !is_limited && (client.is_none() || class != CallClass::Expensive) {
            return Ok(());
        }
        let caller = credentials.caller_without_lookup(request);
        if let (Some(Caller::Service(_)), Some(client)) = (&caller, client)
            && class == CallClass::Expensive
            && !self.limits.is_exempt(client)
        {
            self.count(RatedCaller::address(client), class)?;
        }
        let Some(peer) = call.peer().filter(|_| is_limited) else {
            return Ok(());
        };
        let address = RatedCaller::address(peer.ip());
        match caller {
            Some(Caller::Operator) => self.count(RatedCaller::Operator, class),
            Some(Caller::Service(name)) => self.count(RatedCaller::Service(name), class),
            _ if bearer_token(request.headers()).is_some() => self.count(address, CallClass::Token),
            _ => self.count(address, class),
        }
    }

    /// Whether the call comes from elsewhere, and not from a network that is exempt.
    fn is_limited(&self, call: &CallContext) -> bool {
        call.peer()
            .is_some_and(|peer| !self.limits.is_exempt(peer.ip()))
    }

    fn count(&self, caller: RatedCaller, class: CallClass) -> Result<(), Status> {
        self.limits.check(caller, class).map_err(|wait| {
            let message = "calls of this kind are too frequent: retry with backoff";
            failure(errors::RATE_LIMITED, message)
                .retry_after(wait)
                .into_status()
        })
    }
}

impl<S, B> Service<Request<Body>> for RateLimit<S>
where
    S: Service<Request<Body>, Response = http::Response<B>, Error = Infallible>,
    B: Default,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.check(&request) {
            Ok(()) => ResponseFuture::Inner {
                inner: self.inner.call(request),
            },
            Err(status) => ResponseFuture::refused(status),
        }
    }
}
