//! Creates TLS connectors from PEM files.

use std::{fmt, sync::Arc};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    },
};

use super::{ConnectError, Tls};

/// Makes TLS handshakes, with the name of the server to verify.
pub(super) type Connector = (TlsConnector, ServerName<'static>);

/// Creates a connector that offers only HTTP/2 (ALPN `h2`).
pub(super) fn connector(tls: &Tls, host: &str) -> Result<Connector, ConnectError> {
    let name = tls.server_name.as_deref().unwrap_or(host);
    let name = ServerName::try_from(name.to_owned())
        .map_err(|error| certificate("name of the server", &error))?;
    Ok((TlsConnector::from(Arc::new(config(tls)?)), name))
}

fn config(tls: &Tls) -> Result<ClientConfig, ConnectError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| certificate("versions of TLS", &error))?;
    let builder = if tls.insecure {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let unverified = Arc::new(UnverifiedCertificate(algorithms));
        builder
            .dangerous()
            .with_custom_certificate_verifier(unverified)
    } else {
        builder.with_root_certificates(roots(tls)?)
    };
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| certificate("client's key", &error))?;
            let chain = certificates(chain, "client's certificate")?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| certificate("client's certificate", &error))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Accepts any certificate, if the server has its private key.
#[derive(Debug)]
struct UnverifiedCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for UnverifiedCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

fn roots(tls: &Tls) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    match &tls.authorities {
        Some(pem) => {
            for authority in certificates(pem, "authorities")? {
                roots
                    .add(authority)
                    .map_err(|error| certificate("authorities", &error))?;
            }
        }
        None => {
            // Invalid certificates among the roots of the system are ignored.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(
    pem: &[u8],
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(read) if read.is_empty() => Err(certificate(what, &"there is no certificate in it")),
        Ok(read) => Ok(read),
        Err(error) => Err(certificate(what, &error)),
    }
}

fn certificate(what: &'static str, cause: &dyn fmt::Display) -> ConnectError {
    let cause = cause.to_string();
    ConnectError::Certificate { what, cause }
}
