//! Who a client is by its certificate.
//!
//! A port asks clients for a certificate and does not need one: people have the operator token
//! or a session. The handshake only checks that the client has the private key. Who signed the
//! certificate, and whether it has expired, is checked after it, so that a call with a wrong
//! certificate is refused with the error that the contract declares and a reason, and not with
//! a broken connection, which clients take for an outage and try again. For methods that are
//! open to everybody such a client is anonymous, as one with a wrong token is.
//!
//! The check also covers resumed sessions, and is repeated while the connection is open
//! ([`TlsClient::until_refused`](super::TlsClient::until_refused)).
//!
//! A service is named by a SPIFFE id in the certificate, `spiffe://bindery/service/NAME`. One
//! certificate can name several services, for a process that runs several. Other ids are
//! valid, but no service.

use std::{fmt, sync::Arc};

use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use webpki::EndEntityCert;

use crate::ServiceName;

/// What the SPIFFE id of a service begins with.
const SERVICE_ID: &str = "spiffe://bindery/service/";

/// What the certificate of a client says of it: an extension of each of its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientCertificate {
    /// It has none, or was not asked for one.
    Absent,
    /// It is valid, and names these services.
    Valid(Arc<[ServiceName]>),
    /// It is not valid.
    Refused(CertificateRefusal),
}

/// Why the certificate of a client is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateRefusal {
    Expired,
    NotYetValid,
    UnknownAuthority,
    NotForClients,
    Invalid,
}

impl CertificateRefusal {
    /// The label `reason` of the metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::UnknownAuthority => "unknown_authority",
            Self::NotForClients => "not_for_clients",
            Self::Invalid => "invalid",
        }
    }

    fn of(error: &Error) -> Self {
        use CertificateError as Cause;
        let Error::InvalidCertificate(cause) = error else {
            return Self::Invalid;
        };
        match cause {
            Cause::Expired | Cause::ExpiredContext { .. } => Self::Expired,
            Cause::NotValidYet | Cause::NotValidYetContext { .. } => Self::NotYetValid,
            // The signature of an authority that has the name of ours, and another key.
            Cause::UnknownIssuer | Cause::BadSignature => Self::UnknownAuthority,
            Cause::InvalidPurpose | Cause::InvalidPurposeContext { .. } => Self::NotForClients,
            _ => Self::Invalid,
        }
    }
}

impl fmt::Display for CertificateRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Expired => "the client certificate has expired",
            Self::NotYetValid => "the client certificate is not valid yet",
            Self::UnknownAuthority => {
                "the client certificate is of an authority that this server does not trust"
            }
            Self::NotForClients => "the certificate is not one for clients",
            Self::Invalid => "the client certificate is not valid",
        })
    }
}

/// Checks the certificates of clients against the authorities of `--tls-client-ca`.
#[derive(Clone, Debug)]
pub(super) struct Verifier(Arc<dyn ClientCertVerifier>);

impl Verifier {
    /// `strict` checks the whole chain.
    pub fn new(strict: Arc<dyn ClientCertVerifier>) -> Self {
        Self(strict)
    }

    /// The verifier of the handshake.
    pub fn for_handshakes(&self) -> Arc<dyn ClientCertVerifier> {
        accept_every_certificate(Arc::clone(&self.0))
    }

    /// Checks the certificates that a client has sent, its own first.
    pub fn check(&self, chain: &[CertificateDer<'_>]) -> ClientCertificate {
        let Some((own, intermediates)) = chain.split_first() else {
            return ClientCertificate::Absent;
        };
        let verified = self
            .0
            .verify_client_cert(own, intermediates, UnixTime::now());
        match verified {
            Ok(_) => ClientCertificate::Valid(services(own)),
            Err(error) => {
                tracing::debug!(%error, "a client certificate is not valid");
                ClientCertificate::Refused(CertificateRefusal::of(&error))
            }
        }
    }
}

/// The services that a certificate names.
fn services(certificate: &CertificateDer<'_>) -> Arc<[ServiceName]> {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else {
        return Arc::new([]);
    };
    let names = certificate
        .valid_uri_names()
        .filter_map(|uri| uri.strip_prefix(SERVICE_ID));
    names
        .filter(|name| is_name(name))
        .map(ServiceName::from)
        .collect()
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(allowed)
}

/// A verifier for handshakes that accepts every certificate whose private key the client has. The
/// server has to check the certificate afterwards.
pub fn accept_every_certificate(
    strict: Arc<dyn ClientCertVerifier>,
) -> Arc<dyn ClientCertVerifier> {
    Arc::new(KeyOnly(strict))
}

/// Accepts every certificate whose private key the client has.
#[derive(Debug)]
struct KeyOnly(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for KeyOnly {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
