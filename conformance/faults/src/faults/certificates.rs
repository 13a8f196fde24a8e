//! Faults of servers whose callers prove by client certificates which service they are.

use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use proofread::{case::Phase::Behaviour, finding::FindingKind::Behaviour as Misbehaved};
use tonic::{Code, Status};

use super::{
    Fault, FaultBehaviour, FaultyResponse,
    fault_behaviour::{ChangeCall, RespondInstead},
};
use crate::{
    call::{Call, Reply},
    client_certificate::{CertificateState, ClientCertificate},
    credentials::{CART, SERVICE_KEY},
    server::CorrectServer,
};

const CLOSE_BASKET: &str = "/rules.v1.AccessService/CloseBasket";

/// The same call by this service.
fn by(service: Option<&'static str>, mut call: Call) -> Call {
    if let Some(service) = service {
        call.headers
            .insert(SERVICE_KEY, HeaderValue::from_static(service));
    }
    call
}

/// Takes the callers with some certificates for a service.
fn trust(
    service: impl Fn(ClientCertificate) -> Option<&'static str> + Send + Sync,
) -> ChangeCall<impl Fn(Call) -> Call> {
    ChangeCall(move |call: Call| by(call.origin.certificate.and_then(&service), call))
}

/// Trusts every certificate in this state.
fn trust_all_in(state: CertificateState) -> ChangeCall<impl Fn(Call) -> Call> {
    trust(move |client| client.service.filter(|_| client.state == state))
}

/// Takes a client without a certificate for the one that called before.
#[derive(Default)]
struct RememberService(AtomicBool);

#[tonic::async_trait]
impl FaultBehaviour for RememberService {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let state = call.origin.certificate.map(|client| client.state);
        if state == Some(CertificateState::Valid) {
            self.0.store(true, Ordering::Relaxed);
        }
        let is_taken = state == Some(CertificateState::Absent) && self.0.load(Ordering::Relaxed);
        let call = by(Some(CART).filter(|_| is_taken), call);
        FaultyResponse::Reply(correct.handle_call(call).await)
    }
}

/// Validates a request before it looks at the certificate.
struct ValidateBeforeCertificate;

#[tonic::async_trait]
impl FaultBehaviour for ValidateBeforeCertificate {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        if call.origin.certificate.is_some() {
            let validated = correct.handle_call(by(Some(CART), call.clone())).await;
            if validated.refusal().is_some() {
                return FaultyResponse::Reply(validated);
            }
        }
        FaultyResponse::Reply(correct.handle_call(call).await)
    }
}

/// Answers calls with certificates in this state by a code that asks to try again.
fn unavailable_for(
    state: CertificateState,
) -> RespondInstead<impl Fn(&Call) -> Option<FaultyResponse>> {
    RespondInstead(move |call: &Call| {
        let is_affected = call
            .origin
            .certificate
            .is_some_and(|client| client.state == state);
        let status = || Status::new(Code::Unavailable, "the certificate cannot be verified now");
        is_affected.then(|| FaultyResponse::Reply(Reply::status(status())))
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim = (Behaviour, Misbehaved);
    vec![
        Fault::new("certificate/foreign-accepted", "trusts certificates of every authority", CLOSE_BASKET, claim, trust_all_in(CertificateState::Foreign)),
        Fault::new("certificate/expired-accepted", "trusts certificates that have expired", CLOSE_BASKET, claim, trust_all_in(CertificateState::Expired)),
        Fault::new("certificate/missing-accepted", "accepts clients without a certificate", CLOSE_BASKET, claim,
            trust(|client| (client.state == CertificateState::Absent).then_some(CART))),
        Fault::new("certificate/every-service", "accepts every service with a valid certificate", CLOSE_BASKET, claim,
            trust(|client| client.service.filter(|_| client.state == CertificateState::Valid).map(|_| CART))),
        Fault::new("certificate/every-client", "accepts every valid certificate, also of a client that is no service", CLOSE_BASKET, claim,
            trust(|client| (client.state == CertificateState::Valid && client.service.is_none()).then_some(CART))),
        Fault::new("certificate/remembered", "takes a client without a certificate for the one that called before", CLOSE_BASKET, claim, RememberService::default()),
        Fault::new("certificate/validates-first", "reports violations to clients without a valid certificate", CLOSE_BASKET, claim, ValidateBeforeCertificate),
        Fault::new("certificate/foreign-unavailable", "asks clients with a foreign certificate to try again", CLOSE_BASKET, claim, unavailable_for(CertificateState::Foreign)),
        Fault::new("certificate/expired-unavailable", "asks clients with an expired certificate to try again", CLOSE_BASKET, claim, unavailable_for(CertificateState::Expired)),
    ]
}
