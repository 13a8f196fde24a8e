//! The certificate of the ports, and their handshakes.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ConfigBuilder, ServerConfig, WantsVerifier,
        pki_types::CertificateDer,
        server::{WantsServerCert, WebPkiClientVerifier},
    },
    server::TlsStream,
};

use super::{
    CertificateRefusal, ClientCertificate, SERVER_PROTOCOLS, TlsError,
    client_certificate::Verifier,
    files::{Content, Source, reloaded, unusable},
    provider,
};
use crate::reloaded::Reloaded;

/// The files with the certificates of a server, in PEM.
#[derive(Clone, Debug)]
pub struct ServerTlsFiles {
    /// The certificate of the server, and then those of its intermediate authorities.
    pub certificate: PathBuf,
    /// Its private key. Only its owner may have access to the file.
    pub key: PathBuf,
    /// The authorities whose certificates clients may have. Without them, clients are not
    /// asked for one.
    pub client_authorities: Option<PathBuf>,
}

/// Which clients of a port need a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Clients are not asked: browsers would ask their users.
    NotAsked,
    /// Clients are asked. Those without a valid certificate have no identity by it.
    Asked,
    /// Requests of clients without a valid certificate are refused.
    Required,
}

/// The certificate of a server, which is replaced when its files change: new connections get
/// the new one, and open connections stay. Clones share it.
#[derive(Clone)]
pub struct ServerTls {
    loaded: Reloaded<Loaded>,
    clients: ClientCertificates,
}

/// What the present files contain.
struct Loaded {
    not_asking: Arc<ServerConfig>,
    /// `None` without authorities for clients.
    asking: Option<(Arc<ServerConfig>, Verifier)>,
}

impl ServerTls {
    /// Reads the files, now and whenever they change. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If a file cannot be read or used, or others have access to the key. Later such errors
    /// are logged, and the old certificates remain.
    pub fn load(files: ServerTlsFiles) -> Result<Self, TlsError> {
        let mut sources = vec![
            Source::certificates(files.certificate),
            Source::key(files.key),
        ];
        sources.extend(files.client_authorities.map(Source::certificates));
        Ok(Self {
            loaded: reloaded(sources, Loaded::new)?,
            clients: ClientCertificates::Asked,
        })
    }

    /// The same for a port that needs certificates of its clients in another way.
    #[must_use]
    pub fn with_clients(mut self, clients: ClientCertificates) -> Self {
        self.clients = clients;
        self
    }

    /// Whether clients prove by certificates who they are.
    pub fn verifies_clients(&self) -> bool {
        self.loaded.current().asking.is_some()
    }

    /// Whether requests without a valid certificate must be refused.
    pub(crate) fn requires_certificates(&self) -> bool {
        self.clients == ClientCertificates::Required && self.verifies_clients()
    }

    /// Makes the handshake of a connection. Nothing limits its time.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<(TlsStream<S>, TlsClient)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let loaded = self.loaded.current();
        let config = match &loaded.asking {
            Some((config, _)) if self.clients != ClientCertificates::NotAsked => config,
            _ => &loaded.not_asking,
        };
        let stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let chain = connection.peer_certificates().unwrap_or_default();
        let client = TlsClient {
            chain: chain.iter().map(|sent| sent.clone().into_owned()).collect(),
            server: self.clone(),
        };
        Ok((stream, client))
    }
}

/// The client of a connection, after its handshake.
pub(crate) struct TlsClient {
    /// The certificates that it has sent, its own first.
    chain: Vec<CertificateDer<'static>>,
    server: ServerTls,
}

impl TlsClient {
    /// What its certificate says now.
    pub fn certificate(&self) -> ClientCertificate {
        match &self.server.loaded.current().asking {
            Some((_, verifier)) => verifier.check(&self.chain),
            None => ClientCertificate::Absent,
        }
    }

    /// Completes when a certificate that was valid is so no longer: it expires, or its
    /// authority is not trusted any more. It is looked at after each `interval`, and whenever
    /// the files of the server change.
    pub async fn until_refused(&self, interval: Duration) -> CertificateRefusal {
        let mut changes = self.server.loaded.changes();
        loop {
            tokio::select! {
                () = sleep(interval) => {}
                Ok(()) = changes.changed() => {}
            }
            if let ClientCertificate::Refused(refusal) = self.certificate() {
                return refusal;
            }
        }
    }
}

impl Loaded {
    fn new(contents: &[Content]) -> Result<Self, TlsError> {
        let [certificate, key, client_authorities @ ..] = contents else {
            unreachable!("a server has a certificate and a key");
        };
        let not_asking = with_certificate(builder().with_no_client_auth(), certificate, key)?;
        let asking = match client_authorities {
            [authorities, ..] => {
                let roots = Arc::new(authorities.authorities()?);
                let strict = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let strict = strict
                    .build()
                    .map_err(|cause| authorities.invalid(&cause))?;
                let verifier = Verifier::new(strict);
                let asking = builder().with_client_cert_verifier(verifier.for_handshakes());
                Some((with_certificate(asking, certificate, key)?, verifier))
            }
            [] => None,
        };
        Ok(Self { not_asking, asking })
    }
}

fn builder() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    let builder = ServerConfig::builder_with_provider(provider());
    builder
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
}

fn with_certificate(
    builder: ConfigBuilder<ServerConfig, WantsServerCert>,
    certificate: &Content,
    key: &Content,
) -> Result<Arc<ServerConfig>, TlsError> {
    let made = builder.with_single_cert(certificate.certificates()?, key.key()?);
    let mut config = made.map_err(|cause| unusable(&cause, certificate, &key.path))?;
    config.alpn_protocols = SERVER_PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(Arc::new(config))
}
