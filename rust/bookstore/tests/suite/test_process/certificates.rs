//! The certificates of a deployment, made by `bookstore certs`.

use std::{path::PathBuf, sync::Arc};

use rpc::{ClientTls, ClientTlsFiles};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::{Folder, run};

/// A folder with an authority and certificates for all services.
#[derive(Clone)]
pub struct Certificates {
    path: PathBuf,
    name: String,
}

impl Certificates {
    /// Makes them in this folder of the test.
    pub fn make(folder: &Folder, name: &str) -> Self {
        let made = run(folder, &["certs", "--out", name]);
        assert_eq!((made.code, made.stderr.as_str()), (0, ""));
        Self {
            path: folder.path(name),
            name: name.to_owned(),
        }
    }

    /// The folder, relative to that of the test.
    pub fn folder(&self) -> &str {
        &self.name
    }

    /// The files of a client: a service, or `client`.
    pub fn identity(&self, service: &str) -> (PathBuf, PathBuf) {
        let folder = match service {
            "client" => self.path.clone(),
            service => self.path.join(service),
        };
        (folder.join("client.pem"), folder.join("client.key"))
    }

    /// The files of a service as a server.
    pub fn server_identity(&self, service: &str) -> (PathBuf, PathBuf) {
        let folder = self.path.join(service);
        (folder.join("server.pem"), folder.join("server.key"))
    }

    /// What a channel needs that trusts this authority and has this certificate.
    pub fn client_with(&self, identity: (PathBuf, PathBuf)) -> ClientTls {
        self.load(Some(identity))
    }

    /// What a channel needs that trusts this authority. Without a service it has no certificate.
    pub fn client(&self, service: Option<&str>) -> ClientTls {
        self.load(service.map(|service| self.identity(service)))
    }

    fn load(&self, identity: Option<(PathBuf, PathBuf)>) -> ClientTls {
        let files = ClientTlsFiles {
            authorities: Some(self.path.join("ca.pem")),
            identity,
        };
        ClientTls::load(files).expect("the files are valid")
    }

    /// The same for a raw connection.
    pub fn connector(&self, service: Option<&str>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(self.path.join("ca.pem"));
        roots
            .add(authority.expect("a certificate"))
            .expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots);
        let config = match service.map(|service| self.identity(service)) {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::from_pem_file(certificate).expect("a certificate");
                let key = PrivateKeyDer::from_pem_file(key).expect("a key");
                let with_identity = builder.with_client_auth_cert(vec![chain], key);
                with_identity.expect("they belong together")
            }
        };
        TlsConnector::from(Arc::new(config))
    }

    /// What accepts raw connections with the certificate of a service.
    pub fn acceptor(&self, service: &str) -> TlsAcceptor {
        let (certificate, key) = self.server_identity(service);
        let chain = CertificateDer::from_pem_file(certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![chain], key);
        TlsAcceptor::from(Arc::new(config.expect("they belong together")))
    }
}
