//! Calls over connections with another client certificate than usual, or without one.

use std::time::Duration;

use super::{
    CertificateCredential, ConnectError, Connection, DedicatedConnection, Identity, Probe, RawBody,
    forged_certificate,
};
use crate::{contract::Method, outcome::Outcome};

/// The client certificate of one connection.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ClientCertificate {
    /// None.
    Absent,
    /// This one.
    Sent(Identity),
}

impl Probe {
    /// The credential that a certificate proves with which a method is called.
    pub(crate) fn certificate_for(&self, method: &Method) -> Option<&CertificateCredential> {
        let number = self.endpoint.certificate_of(&method.path)?;
        Some(&self.endpoint.certificates[number].credential)
    }

    /// The credentials proved by certificates that the method does not accept.
    pub(crate) fn certificates_not_for(
        &self,
        method: &Method,
    ) -> impl Iterator<Item = &CertificateCredential> {
        let used = self.endpoint.certificate_of(&method.path);
        let all = self.endpoint.certificates.iter().enumerate();
        all.filter(move |(number, _)| Some(*number) != used)
            .map(|(_, certificate)| &certificate.credential)
            .filter(|credential| {
                let mut alternatives = method.access.iter();
                !alternatives.any(|access| access.credential_names().contains(&&*credential.name))
            })
    }

    /// The certificate of the connections to methods without a credential that one proves.
    pub(crate) fn usual_certificate(&self) -> ClientCertificate {
        match &self.endpoint.tls_settings.identity {
            Some(identity) => ClientCertificate::Sent(identity.clone()),
            None => ClientCertificate::Absent,
        }
    }

    /// A copy of a certificate by another authority, which has the same name as the real one.
    ///
    /// # Errors
    /// If the certificate cannot be read.
    pub(crate) fn foreign_certificate(
        &self,
        of: &CertificateCredential,
    ) -> Result<ClientCertificate, ConnectError> {
        forged_certificate::foreign(&of.identity).map(ClientCertificate::Sent)
    }

    /// A copy of a certificate that expired long ago; `None` without the key of its authority.
    ///
    /// # Errors
    /// If the certificate or the key cannot be read.
    pub(crate) fn expired_certificate(
        &self,
        of: &CertificateCredential,
    ) -> Result<Option<ClientCertificate>, ConnectError> {
        let key = self.endpoint.tls_settings.authority_key.as_deref();
        let expired = key.map(|key| forged_certificate::expired(&of.identity, key));
        Ok(expired.transpose()?.map(ClientCertificate::Sent))
    }

    /// Sends one call over a connection of its own with this certificate. The server may also
    /// refuse the certificate by refusing the connection.
    ///
    /// # Errors
    /// If the connection cannot be opened.
    pub(crate) async fn call_as(
        &self,
        certificate: &ClientCertificate,
        path: &str,
        headers: &[(String, Vec<u8>)],
        body: &RawBody,
        timeout: Duration,
    ) -> Result<Outcome, ConnectError> {
        let identity = match certificate {
            ClientCertificate::Absent => None,
            ClientCertificate::Sent(identity) => Some(identity),
        };
        let connector = self.endpoint.connector_with(identity)?;
        let opened = Connection::open(&self.endpoint, connector.as_ref(), self.connect_timeout);
        let dedicated = DedicatedConnection {
            endpoint: &self.endpoint,
            connection: opened.await?,
        };
        let outcome = dedicated.call(path, headers, body, timeout).await;
        Ok(outcome.unwrap_or_else(|| Outcome::Broken {
            cause: "the server closed the connection without processing the call".to_owned(),
        }))
    }
}
