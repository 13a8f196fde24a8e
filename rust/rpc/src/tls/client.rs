//! What channels trust, and the certificate with which they identify themselves.

use std::{path::PathBuf, sync::Arc};

use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{
    CLIENT_PROTOCOL, TlsError,
    files::{Content, Source, reloaded, unusable},
    provider,
};
use crate::reloaded::Reloaded;

/// The files for calls to other processes, in PEM.
#[derive(Clone, Debug, Default)]
pub struct ClientTlsFiles {
    /// The authorities whose certificates servers may have. Without them, those of the
    /// operating system.
    pub authorities: Option<PathBuf>,
    /// The certificate of the client with those of its intermediate authorities, and its
    /// private key, to whose file only its owner may have access.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What channels trust, and their certificate, replaced when the files change: new connections
/// use the new ones, and open connections stay. Clones share it.
#[derive(Clone)]
pub struct ClientTls(Reloaded<ClientConfig>);

impl ClientTls {
    /// Reads the files, now and whenever they change. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If a file cannot be read or used, or others have access to the key. Later such errors
    /// are logged, and the old certificates remain.
    pub fn load(files: ClientTlsFiles) -> Result<Self, TlsError> {
        let system = files.authorities.is_none().then(authorities_of_the_system);
        let mut sources: Vec<_> = files
            .authorities
            .map(Source::certificates)
            .into_iter()
            .collect();
        if let Some((certificate, key)) = files.identity {
            sources.extend([Source::certificates(certificate), Source::key(key)]);
        }
        let make = move |contents: &[Content]| config(system.as_ref(), contents);
        reloaded(sources, make).map(Self)
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.0.current()
    }
}

/// Makes the settings of connections. The contents are those of the authorities, unless they are
/// those of the system, and then of the certificate and its key, if there is one.
fn config(system: Option<&RootCertStore>, contents: &[Content]) -> Result<ClientConfig, TlsError> {
    let (roots, identity) = match (system, contents) {
        (Some(roots), identity) => (roots.clone(), identity),
        (None, [authorities, identity @ ..]) => (authorities.authorities()?, identity),
        (None, []) => (RootCertStore::empty(), contents),
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    let mut config = match identity {
        [certificate, key] => builder
            .with_client_auth_cert(certificate.certificates()?, key.key()?)
            .map_err(|cause| unusable(&cause, certificate, &key.path))?,
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![CLIENT_PROTOCOL.to_vec()];
    Ok(config)
}

/// Certificates of the system that are not valid are left out.
fn authorities_of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
