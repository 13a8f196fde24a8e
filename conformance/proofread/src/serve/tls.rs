//! TLS of the server, from PEM files.

use std::{fmt, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

/// Makes TLS handshakes that agree on HTTP/2.
#[derive(Clone)]
pub struct ServerTls(pub(super) TlsAcceptor);

/// A certificate or a key can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("can't use the {what}: {cause}")]
pub struct TlsError {
    what: &'static str,
    cause: String,
}

impl ServerTls {
    /// TLS with a certificate chain and its private key, all in PEM. With
    /// `client_authorities`, every client needs a certificate that one of them has signed.
    ///
    /// # Errors
    /// When one of them can't be used, or the key is that of another certificate.
    pub fn new(
        certificate: &[u8],
        key: &[u8],
        client_authorities: Option<&[u8]>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| error("versions of TLS", &cause))?;
        let builder = match client_authorities {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(pem, "authorities of clients")? {
                    let added = roots.add(authority);
                    added.map_err(|cause| error("authorities of clients", &cause))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = verifier.build();
                builder.with_client_cert_verifier(
                    verifier.map_err(|cause| error("authorities of clients", &cause))?,
                )
            }
        };
        let chain = certificates(certificate, "certificate")?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|cause| error("key", &cause))?;
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|cause| error("certificate with this key", &cause))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self(Arc::new(config).into()))
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(read) if read.is_empty() => Err(error(what, &"there is no certificate in it")),
        read => read.map_err(|cause| error(what, &cause)),
    }
}

fn error(what: &'static str, cause: &dyn fmt::Display) -> TlsError {
    let cause = cause.to_string();
    TlsError { what, cause }
}
