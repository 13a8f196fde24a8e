//! TLS with client certificates, for callers that prove by them which service they are.

use std::{io, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    },
    server::TlsStream,
};

use crate::client_certificate::{ClientCertificate, SERVICE_ID};

/// A certificate and its private key, both in PEM.
pub type Identity = (Vec<u8>, Vec<u8>);

/// What a server does with the certificates of its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// It accepts every connection, and refuses calls.
    Asked,
    /// It refuses connections without a valid one.
    Required,
}

/// A development authority, and the certificates that it has issued.
pub struct Certificates {
    /// The certificate of the authority, in PEM.
    pub authority: Vec<u8>,
    /// Its private key, in PEM.
    pub authority_key: Vec<u8>,
    /// A client that is no service.
    pub client: Identity,
    /// The service that may call methods for services.
    pub cart: Identity,
    /// A service that may call none of the methods.
    pub reviews: Identity,
    server: Identity,
}

/// The TLS settings of a server.
pub(super) struct Tls {
    pub(super) certificates: Certificates,
    acceptor: TlsAcceptor,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Certificates {
    fn generate() -> Result<Self, rcgen::Error> {
        let mut parameters = CertificateParams::default();
        parameters
            .distinguished_name
            .push(DnType::CommonName, "CA of the faults");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let client = |name: &str, id: &str| {
            let purpose = ExtendedKeyUsagePurpose::ClientAuth;
            issue(&authority, name, SanType::URI(id.try_into()?), purpose)
        };
        let service = |name: &str| client(name, &format!("{SERVICE_ID}{name}"));
        let loopback = SanType::IpAddress([127, 0, 0, 1].into());
        let server = ExtendedKeyUsagePurpose::ServerAuth;
        Ok(Self {
            client: client("client", "spiffe://bindery/client")?,
            cart: service("cart")?,
            reviews: service("reviews")?,
            server: issue(&authority, "faults", loopback, server)?,
            authority: authority.pem().into_bytes(),
            authority_key: authority.key().serialize_pem().into_bytes(),
        })
    }
}

fn issue(
    authority: &CertifiedIssuer<'_, KeyPair>,
    name: &str,
    alternative_name: SanType,
    purpose: ExtendedKeyUsagePurpose,
) -> Result<Identity, rcgen::Error> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.subject_alt_names = vec![alternative_name];
    parameters.extended_key_usages = vec![purpose];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, authority)?;
    Ok((
        certificate.pem().into_bytes(),
        key.serialize_pem().into_bytes(),
    ))
}

impl Tls {
    /// Settings with new certificates.
    pub(super) fn generate(clients: ClientCertificates) -> io::Result<Self> {
        let certificates = Certificates::generate().map_err(io::Error::other)?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate(&certificates.authority)?)
            .map_err(io::Error::other)?;
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let verifier = verifier.build().map_err(io::Error::other)?;
        let in_handshakes: Arc<dyn ClientCertVerifier> = match clients {
            ClientCertificates::Asked => rpc::accept_every_certificate(Arc::clone(&verifier)),
            ClientCertificates::Required => Arc::clone(&verifier),
        };
        let (own, key) = &certificates.server;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(io::Error::other)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(in_handshakes)
            .with_single_cert(vec![certificate(own)?], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            verifier,
            certificates,
        })
    }

    /// Makes the handshake of a connection.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, ClientCertificate)> {
        let stream = self.acceptor.accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let chain = connection.peer_certificates().unwrap_or_default();
        let client = ClientCertificate::of(chain, &self.verifier);
        Ok((stream, client))
    }
}

fn certificate(pem: &[u8]) -> io::Result<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem).map_err(io::Error::other)
}
