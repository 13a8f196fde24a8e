//! Decides whether a method accepts the caller of a request.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use contract::errors::shared as errors;
use futures::future::BoxFuture;
use http::Request;
use tonic::{Status, body::Body};

use super::{AuthenticationError, Authenticator, OperatorToken, policy::Policy};
use crate::{
    AccountId, CallContext, Caller, ServiceName, failure,
    identity::{OnBehalfOf, bearer_token, missing_credential},
    method::MethodInfo,
    peer::{RelayedClient, told_client},
    service_credential::{ServiceSecrets, is_relayed, names_service, on_behalf_of},
    tls::ClientCertificate,
};

/// How long the verification of a token may take. Longer than a slow database, shorter
/// than users wait.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(5);

/// What credentials are verified with.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub operator_token: OperatorToken,
    pub service_secrets: ServiceSecrets,
    pub authenticator: Option<Arc<dyn Authenticator>>,
    /// The full names of the served services that are not in the contract. Their methods
    /// are open to everybody.
    pub open_services: Arc<[&'static str]>,
}

/// Whether a call may be passed on, as far as that is known without waiting.
pub(crate) enum Verdict {
    Accepted(Verified),
    Refused(Status),
    /// The authenticator has to verify the token.
    Pending(BoxFuture<'static, Result<Verified, Status>>),
}

/// The caller of an accepted call.
pub(crate) struct Verified {
    caller: Caller,
    on_behalf_of: Option<AccountId>,
}

/// The first message of a request; a request extension. Only methods that are open to some
/// callers under a condition on the request get it, and none gets a message that is longer
/// than 64 KiB: no condition holds for such a request.
#[derive(Debug, Clone)]
pub(crate) enum FirstMessage {
    /// As it arrived.
    Encoded(Bytes),
    /// It is missing, incomplete or compressed, so no handler will see it.
    Undecodable,
}

impl Verified {
    fn caller(caller: Caller) -> Self {
        Self {
            caller,
            on_behalf_of: None,
        }
    }

    /// Adds the extensions that [`Caller::of`] and its siblings read.
    pub(crate) fn add_to(self, request: &mut Request<Body>) {
        let extensions = request.extensions_mut();
        extensions.insert(self.caller);
        if let Some(account) = self.on_behalf_of {
            extensions.insert(OnBehalfOf(account));
        }
    }
}

impl Credentials {
    pub(crate) fn check(&self, request: &Request<Body>) -> Verdict {
        let call = request.extensions().get::<Arc<CallContext>>();
        let Some(method) = call.map(|call| call.method_info()) else {
            return Verdict::Refused(Status::internal("the call has no context"));
        };
        if !method.is_known() && !self.is_open(request.uri().path()) {
            return Verdict::Refused(unknown_method(request.uri().path()));
        }
        self.decide(method, request)
    }

    fn decide(&self, method: &'static MethodInfo, request: &Request<Body>) -> Verdict {
        let message = request.extensions().get::<FirstMessage>();
        let policy = Policy::new(method.access, message.cloned());
        let token = bearer_token(request.headers());
        let known = if is_relayed(request.headers()) {
            // Whoever passes it on does not lend its identity.
            self.operator(token).into_iter().collect()
        } else {
            self.known_callers(request, token)
        };
        let accepted = known.iter().find(|caller| policy.accepts(caller));
        let caller = accepted.or(known.first()).cloned();
        let caller = caller.unwrap_or(Caller::Anonymous);
        if policy.accepts(&caller) {
            let is_service = matches!(caller, Caller::Service(_));
            let account = is_service
                .then(|| on_behalf_of(request.headers()))
                .flatten();
            // A service that does not say for whom it acts may pass on the token of an account.
            let has_token = token.is_some_and(|token| !self.operator_token.matches(token));
            let token_tells =
                is_service && account.is_none() && has_token && policy.accepts_accounts();
            if !token_tells {
                return Verdict::Accepted(Verified {
                    caller,
                    on_behalf_of: account,
                });
            }
        }
        match token {
            Some(token) if caller != Caller::Operator && policy.accepts_accounts() => {
                self.verify(token, policy, method.path)
            }
            None if caller == Caller::Anonymous
                && !(policy.accepts_services() && claims_to_be_service(request)) =>
            {
                Verdict::Refused(missing_credential())
            }
            None if caller == Caller::Anonymous
                && let Some(ClientCertificate::Refused(refusal)) = client_certificate(request) =>
            {
                let message = refusal.to_string();
                Verdict::Refused(failure(errors::CREDENTIAL_REFUSED, message).into_status())
            }
            _ => Verdict::Refused(policy.refusal(&caller)),
        }
    }

    /// The callers that the credentials prove, as far as that is known without the
    /// authenticator. A call may have several credentials; one that is accepted is enough.
    fn known_callers(&self, request: &Request<Body>, token: Option<&str>) -> Vec<Caller> {
        if let Some(caller) = request.extensions().get::<Caller>() {
            return vec![caller.clone()];
        }
        let operator = self.operator(token).into_iter();
        operator
            .chain(self.services(request).into_iter().map(Caller::Service))
            .collect()
    }

    fn operator(&self, token: Option<&str>) -> Option<Caller> {
        let is_operator = token.is_some_and(|token| self.operator_token.matches(token));
        is_operator.then_some(Caller::Operator)
    }

    /// The services that a call proves to come from. A certificate that names services takes
    /// precedence over the secret, which all services of a deployment may share.
    fn services(&self, request: &Request<Body>) -> Vec<ServiceName> {
        match client_certificate(request) {
            Some(ClientCertificate::Valid(names)) if !names.is_empty() => names.to_vec(),
            _ => {
                let by_secret = self.service_secrets.identify(request.headers());
                by_secret.into_iter().collect()
            }
        }
    }

    /// The operator or the service that makes a call. `None` for everybody else: whose session
    /// a token belongs to is known only after a lookup.
    pub(crate) fn caller_without_lookup(&self, request: &Request<Body>) -> Option<Caller> {
        let token = bearer_token(request.headers());
        let mut known = self.known_callers(request, token).into_iter();
        known.find(|caller| matches!(caller, Caller::Operator | Caller::Service(_)))
    }

    /// The client of a call that a service passes on, as the service tells it.
    pub(crate) fn relayed_client(&self, request: &Request<Body>) -> Option<RelayedClient> {
        if !is_relayed(request.headers()) {
            return None;
        }
        let by_service = matches!(
            self.caller_without_lookup(request),
            Some(Caller::Service(_))
        );
        let client = by_service.then(|| told_client(request.headers()));
        client.flatten().map(RelayedClient)
    }

    fn is_open(&self, path: &str) -> bool {
        let service = crate::routes::service_name(path);
        self.open_services.contains(&service)
    }

    /// Asks the authenticator. Without one, no token can be verified.
    fn verify(&self, token: &str, policy: Policy, path: &'static str) -> Verdict {
        let Some(authenticator) = self.authenticator.clone() else {
            return Verdict::Refused(unverifiable("no authenticator is configured", path));
        };
        let token = token.to_owned();
        Verdict::Pending(Box::pin(async move {
            let verification = authenticator.authenticate(&token);
            match tokio::time::timeout(VERIFICATION_TIMEOUT, verification).await {
                Ok(Ok(caller)) if policy.accepts(&caller) => Ok(Verified::caller(caller)),
                Ok(Ok(caller)) => Err(policy.refusal(&caller)),
                Ok(Err(AuthenticationError::Refused)) => Err(policy.refusal(&Caller::Anonymous)),
                Ok(Err(AuthenticationError::Unavailable(cause))) => Err(unverifiable(&cause, path)),
                Err(_) => Err(unverifiable("the verification takes too long", path)),
            }
        }))
    }
}

fn client_certificate(request: &Request<Body>) -> Option<&ClientCertificate> {
    request.extensions().get()
}

/// Whether the call has a credential of services, right or wrong, by which it wants access.
fn claims_to_be_service(request: &Request<Body>) -> bool {
    let certificate = client_certificate(request);
    let is_refused = matches!(certificate, Some(ClientCertificate::Refused(_)));
    (names_service(request.headers()) || is_refused) && !is_relayed(request.headers())
}

fn unverifiable(cause: &str, path: &str) -> Status {
    tracing::warn!(method = path, cause, "a session token cannot be verified");
    let message = "the session cannot be checked now: retry with backoff";
    failure(errors::ACCOUNTS_UNAVAILABLE, message).into_status()
}

fn unknown_method(path: &str) -> Status {
    let path: String = path.chars().take(200).collect();
    Status::unimplemented(format!("the contract has no method {path:?}"))
}

#[cfg(test)]
mod tests;
