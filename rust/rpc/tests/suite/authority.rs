//! A certificate authority for tests.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType,
};
use rpc::{Channel, ClientTls, ClientTlsFiles, ServerTls, ServerTlsFiles};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// An authority, and a folder with its certificate `ca.pem` and those that it issues.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let mut parameters = CertificateParams::default();
        let name = format!("test authority {}", uuid::Uuid::new_v4());
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(parameters, key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("it is writable");
        Self { issuer, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn certificate_of_authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Issues a certificate for clients with these URIs; returns its file and that of its key.
    pub fn client(&self, name: &str, uris: &[&str]) -> (PathBuf, PathBuf) {
        self.issue(name, &client_parameters(uris))
    }

    /// Issues one that has expired a minute ago.
    pub fn expired_client(&self, name: &str, uris: &[&str]) -> (PathBuf, PathBuf) {
        self.client_until(name, uris, Duration::minutes(-1))
    }

    /// Issues one that expires after this time.
    pub fn client_until(&self, name: &str, uris: &[&str], after: Duration) -> (PathBuf, PathBuf) {
        let mut parameters = client_parameters(uris);
        parameters.not_before = now() - Duration::days(1);
        parameters.not_after = now() + after;
        self.issue(name, &parameters)
    }

    /// Issues a certificate for a server with these names.
    pub fn server(&self, name: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).expect("names");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(name, &parameters)
    }

    fn issue(&self, name: &str, parameters: &CertificateParams) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("signed");
        let path = |ending: &str| self.folder.path().join(format!("{name}.{ending}"));
        let (certificate_file, key_file) = (path("pem"), path("key"));
        fs::write(&certificate_file, certificate.pem()).expect("it is writable");
        fs::write(&key_file, key.serialize_pem()).expect("it is writable");
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&key_file, private).expect("it is our file");
        (certificate_file, key_file)
    }

    /// The files of a server on the loopback that asks for certificates of this authority.
    pub fn server_files(&self) -> ServerTlsFiles {
        let (certificate, key) = self.server("server", &["localhost", "127.0.0.1"]);
        let client_authorities = self.folder.path().join("client-ca.pem");
        fs::copy(self.certificate_of_authority(), &client_authorities).expect("copied");
        ServerTlsFiles {
            certificate,
            key,
            client_authorities: Some(client_authorities),
        }
    }

    pub fn server_tls(&self) -> ServerTls {
        ServerTls::load(self.server_files()).expect("the files are valid")
    }

    /// What a client needs that trusts this authority and has a certificate.
    pub fn client_tls(&self, identity: Option<(PathBuf, PathBuf)>) -> ClientTls {
        let files = ClientTlsFiles {
            authorities: Some(self.certificate_of_authority()),
            identity,
        };
        ClientTls::load(files).expect("the files are valid")
    }

    /// A channel of such a client, which makes each call once.
    pub fn channel(&self, url: &str, identity: Option<(PathBuf, PathBuf)>) -> Channel {
        self.retrying_channel(url, identity).without_retries()
    }

    /// A channel like that of a service: a call that meets the end of its connection is made again.
    pub fn retrying_channel(&self, url: &str, identity: Option<(PathBuf, PathBuf)>) -> Channel {
        let channel = Channel::connect_with(url, &self.client_tls(identity));
        channel.expect("an address")
    }
}

fn client_parameters(uris: &[&str]) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    let uris = uris
        .iter()
        .map(|uri| SanType::URI((*uri).try_into().expect("ASCII")));
    parameters.subject_alt_names = uris.collect();
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters
}

#[expect(
    clippy::disallowed_methods,
    reason = "rustls compares with the clock of the system"
)]
fn now() -> OffsetDateTime {
    OffsetDateTime::from(std::time::SystemTime::now())
}
