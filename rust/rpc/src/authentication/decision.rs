//! Decides whether a method accepts the caller of a request.

use std::{sync::Arc, time::Duration};

use contract::{Access, errors::shared as errors};
use futures::future::BoxFuture;
use http::{HeaderMap, Request, header::AUTHORIZATION};
use tonic::{Status, body::Body};

use super::{AuthenticationError, Authenticator, OperatorToken};
use crate::{
    AccountId, CallContext, Caller, failure,
    identity::{OnBehalfOf, Refusal, missing_credential},
    method::MethodInfo,
    service_credential::{ServiceSecrets, on_behalf_of},
};

/// How long the verification of a token may take. Longer than a slow database, shorter
/// than users wait.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(5);

const OPERATOR: &str = "operator";
const ACCOUNT: &str = "account";

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
    refusal: Option<Status>,
}

impl Verified {
    fn caller(caller: Caller) -> Self {
        Self {
            caller,
            on_behalf_of: None,
            refusal: None,
        }
    }

    /// Adds the extensions that [`Caller::of`] and its siblings read.
    pub(crate) fn add_to(self, request: &mut Request<Body>) {
        let extensions = request.extensions_mut();
        extensions.insert(self.caller);
        if let Some(account) = self.on_behalf_of {
            extensions.insert(OnBehalfOf(account));
        }
        if let Some(status) = self.refusal {
            extensions.insert(Refusal(status));
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
        let token = bearer_token(request.headers());
        let caller = self.known_caller(request, token);
        if method.access.is_empty() || accepts(method, &caller) {
            let account = matches!(caller, Caller::Service(_))
                .then(|| on_behalf_of(request.headers()))
                .flatten();
            return Verdict::Accepted(Verified {
                on_behalf_of: account,
                ..Verified::caller(caller)
            });
        }
        let verdict = match token {
            Some(token) if caller != Caller::Operator && accepts_accounts(method) => {
                self.verify(token, method)
            }
            None if caller == Caller::Anonymous => Verdict::Refused(missing_credential()),
            _ => Verdict::Refused(refused_credential(method)),
        };
        if method.access.iter().any(is_open) {
            return accept_with_refusal(verdict);
        }
        verdict
    }

    /// The caller, as far as it is known without the authenticator.
    fn known_caller(&self, request: &Request<Body>, token: Option<&str>) -> Caller {
        if let Some(caller) = request.extensions().get::<Caller>() {
            return caller.clone();
        }
        if token.is_some_and(|token| self.operator_token.matches(token)) {
            return Caller::Operator;
        }
        let service = self.service_secrets.identify(request.headers());
        service.map_or(Caller::Anonymous, Caller::Service)
    }

    fn is_open(&self, path: &str) -> bool {
        let service = crate::routes::service_name(path);
        self.open_services.contains(&service)
    }

    /// Asks the authenticator. Without one, no token can be verified.
    fn verify(&self, token: &str, method: &'static MethodInfo) -> Verdict {
        let Some(authenticator) = self.authenticator.clone() else {
            return Verdict::Refused(unverifiable("no authenticator is configured", method));
        };
        let token = token.to_owned();
        Verdict::Pending(Box::pin(async move {
            let verification = authenticator.authenticate(&token);
            match tokio::time::timeout(VERIFICATION_TIMEOUT, verification).await {
                Ok(Ok(caller)) if accepts(method, &caller) => Ok(Verified::caller(caller)),
                Ok(Ok(_) | Err(AuthenticationError::Refused)) => Err(refused_credential(method)),
                Ok(Err(AuthenticationError::Unavailable(cause))) => {
                    Err(unverifiable(&cause, method))
                }
                Err(_) => Err(unverifiable("the verification takes too long", method)),
            }
        }))
    }
}

/// Passes a refused call on as anonymous, with its refusal: the method is open under a
/// condition that only the handler can check.
fn accept_with_refusal(verdict: Verdict) -> Verdict {
    let anonymous = |status| Verified {
        refusal: Some(status),
        ..Verified::caller(Caller::Anonymous)
    };
    match verdict {
        Verdict::Accepted(verified) => Verdict::Accepted(verified),
        Verdict::Refused(status) => Verdict::Accepted(anonymous(status)),
        Verdict::Pending(verification) => Verdict::Pending(Box::pin(async move {
            Ok(verification.await.unwrap_or_else(anonymous))
        })),
    }
}

/// Whether the caller satisfies an alternative that asks for a credential or a service. A
/// credential that is not known here is satisfied by nobody.
fn accepts(method: &MethodInfo, caller: &Caller) -> bool {
    method.access.iter().any(|access| match caller {
        Caller::Anonymous => false,
        Caller::Operator => access.credential == Some(OPERATOR),
        Caller::Account(_) => access.credential == Some(ACCOUNT),
        Caller::Service(name) => access.services.contains(&name.as_str()),
    })
}

fn accepts_accounts(method: &MethodInfo) -> bool {
    let mut alternatives = method.access.iter();
    alternatives.any(|access| access.credential == Some(ACCOUNT))
}

/// Whether the alternative asks for nothing, which is so only under a condition.
fn is_open(access: &Access) -> bool {
    access.credential.is_none() && access.services.is_empty()
}

fn refused_credential(method: &MethodInfo) -> Status {
    if accepts_accounts(method) {
        let message = "the token belongs to no open session: sign in again";
        return failure(errors::SESSION_INVALID, message).into_status();
    }
    let message = "the credential is not one that may call this method";
    failure(errors::CREDENTIAL_REFUSED, message).into_status()
}

fn unverifiable(cause: &str, method: &MethodInfo) -> Status {
    tracing::warn!(
        method = method.path,
        cause,
        "a session token cannot be verified"
    );
    let message = "the session cannot be checked now: retry with backoff";
    failure(errors::ACCOUNTS_UNAVAILABLE, message).into_status()
}

fn unknown_method(path: &str) -> Status {
    let path: String = path.chars().take(200).collect();
    Status::unimplemented(format!("the contract has no method {path:?}"))
}

/// The token of `Bearer TOKEN`. As in HTTP, the scheme is case-insensitive.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case("Bearer ") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests;
