//! Authentication: verifies the credential of a call, and refuses every call whose caller
//! the contract does not accept. It fails closed: a method that asks for a credential is
//! never called without one that was verified.
//!
//! The credential is `authorization: Bearer TOKEN`. The operator token is compared here;
//! any other token is given to the [`Authenticator`](crate::Authenticator). Calls within
//! the process have the caller that their [`Channel`](crate::Channel) states; services of
//! other processes prove who they are by the certificate of their connection
//! (`spiffe://bindery/service/NAME`), or as [`crate::service_credential`] describes.
//!
//! | call | status |
//! | --- | --- |
//! | path is not in the contract | UNIMPLEMENTED |
//! | method without access | passed on; no token is given to the authenticator |
//! | no credential | UNAUTHENTICATED, CREDENTIAL_MISSING |
//! | wrong token, method for accounts | UNAUTHENTICATED, SESSION_INVALID |
//! | wrong token, certificate or service secret, other methods; or a caller that the method does not accept | PERMISSION_DENIED, CREDENTIAL_REFUSED |
//! | token cannot be verified | UNAVAILABLE, ACCOUNTS_UNAVAILABLE |
//!
//! An alternative may have a condition on the request, such as a guest cart, which anybody
//! may use. It is evaluated on the encoded first message, which [`admission`](super::admission)
//! has received: no message is decoded here, and none is validated before the call is
//! accepted. Failed attempts appear in the log and the metrics by their code.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::future::BoxFuture;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{
    authentication::{Credentials, Verdict, Verified},
    peer::RelayedClient,
};

/// The middleware service around `S`; see the [module](self).
#[derive(Clone)]
pub struct Authenticate<S> {
    inner: S,
    credentials: Arc<Credentials>,
}

impl<S> Authenticate<S> {
    pub(crate) fn new(inner: S, credentials: Arc<Credentials>) -> Self {
        Self { inner, credentials }
    }
}

impl<S, B> Service<Request<Body>> for Authenticate<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: Default,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = AuthenticateFuture<S>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // A handler may pass on the extensions of its own request.
        request.extensions_mut().remove::<RelayedClient>();
        if let Some(client) = self.credentials.relayed_client(&request) {
            request.extensions_mut().insert(client);
        }
        let state = match self.credentials.check(&request) {
            Verdict::Accepted(verified) => {
                verified.add_to(&mut request);
                let inner = self.inner.call(request);
                State::Inner { inner }
            }
            Verdict::Refused(status) => {
                let status = Some(status);
                State::Refused { status }
            }
            Verdict::Pending(verification) => State::Verifying {
                verification,
                // Services are always ready, so the clone needs no `poll_ready`.
                call: Some((self.inner.clone(), request)),
            },
        };
        AuthenticateFuture { state }
    }
}

pin_project! {
    /// The future of [`Authenticate`].
    pub struct AuthenticateFuture<S: Service<Request<Body>>> {
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S: Service<Request<Body>>> {
        /// The inner service responds.
        Inner { #[pin] inner: S::Future },
        /// The authenticator verifies the token; then the call is passed on.
        Verifying {
            verification: BoxFuture<'static, Result<Verified, Status>>,
            call: Option<(S, Request<Body>)>,
        },
        /// The layer refuses the call. The status is taken by the first poll.
        Refused { status: Option<Status> },
    }
}

impl<S, B> Future for AuthenticateFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: Default,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Inner { inner } => return inner.poll(context),
                StateProjection::Refused { status } => match status.take() {
                    Some(status) => return Poll::Ready(Ok(status.into_http())),
                    None => return Poll::Pending,
                },
                StateProjection::Verifying { verification, call } => {
                    let verified = ready!(verification.as_mut().poll(context));
                    match (verified, call.take()) {
                        (Ok(verified), Some((mut service, mut request))) => {
                            verified.add_to(&mut request);
                            let inner = service.call(request);
                            State::Inner { inner }
                        }
                        (Err(status), _) => State::Refused {
                            status: Some(status),
                        },
                        (Ok(_), None) => State::Refused { status: None },
                    }
                }
            };
            state.set(next);
        }
    }
}
