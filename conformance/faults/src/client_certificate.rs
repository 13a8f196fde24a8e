//! What the client certificate of a connection proves.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use tokio_rustls::rustls::{
    CertificateError, Error,
    pki_types::{CertificateDer, UnixTime},
    server::danger::ClientCertVerifier,
};
use webpki::EndEntityCert;

use crate::credentials::{CART, REVIEWS, SERVICE_KEY};

/// What the SPIFFE id of a service begins with.
pub(crate) const SERVICE_ID: &str = "spiffe://bindery/service/";

/// The certificate of a client over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The service that it names, as the metadata that proves the same; `None` if it names
    /// none.
    pub service: Option<&'static str>,
    /// Whether it can be trusted.
    pub state: CertificateState,
}

/// Whether a certificate can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// The client has sent none.
    Absent,
    /// It can be trusted.
    Valid,
    /// It is of the right authority, and too old.
    Expired,
    /// It is of another authority.
    Foreign,
}

impl ClientCertificate {
    /// Checks the certificates that a client has sent, its own first.
    pub(crate) fn of(chain: &[CertificateDer<'_>], verifier: &Arc<dyn ClientCertVerifier>) -> Self {
        let Some((own, intermediates)) = chain.split_first() else {
            return Self {
                service: None,
                state: CertificateState::Absent,
            };
        };
        let verified = verifier.verify_client_cert(own, intermediates, UnixTime::now());
        let state = match verified {
            Ok(_) => CertificateState::Valid,
            Err(Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => CertificateState::Expired,
            Err(_) => CertificateState::Foreign,
        };
        Self {
            service: service(own),
            state,
        }
    }

    /// Replaces the metadata that proves a service by what the certificate proves.
    pub fn set_service(self, headers: &mut HeaderMap) {
        headers.remove(SERVICE_KEY);
        if let (CertificateState::Valid, Some(service)) = (self.state, self.service) {
            headers.insert(SERVICE_KEY, HeaderValue::from_static(service));
        }
    }
}

fn service(certificate: &CertificateDer<'_>) -> Option<&'static str> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let named = certificate
        .valid_uri_names()
        .find_map(|uri| uri.strip_prefix(SERVICE_ID))?;
    let mut known = [CART, REVIEWS].into_iter();
    known.find(|service| {
        service
            .split_once(' ')
            .is_some_and(|(name, _)| name == named)
    })
}
