//! The settings of TLS, by flag or by environment variable.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use rpc::{Channel, ClientTls, ClientTlsFiles, ConnectError, ServerTls, ServerTlsFiles};

/// What this process trusts, and its certificate as a client.
#[derive(Debug, Clone, Default, Args)]
pub struct ClientTlsSettings {
    /// A folder of `bookstore certs`: its files are the values of all other --tls settings that
    /// are not given
    #[arg(long, value_name = "FOLDER", env = "BINDERY_TLS_DIR")]
    tls_dir: Option<PathBuf>,

    /// A file with the certificate authorities of servers at https:// addresses, in PEM; without
    /// it those of the operating system are trusted
    #[arg(long, value_name = "FILE", env = "BINDERY_TLS_CA")]
    tls_ca: Option<PathBuf>,

    /// A file with the certificate by which this process identifies itself to servers, in PEM
    #[arg(long, value_name = "FILE", env = "BINDERY_TLS_CLIENT_CERT")]
    tls_client_cert: Option<PathBuf>,

    /// The key of --tls-client-cert, readable by its owner only
    #[arg(long, value_name = "FILE", env = "BINDERY_TLS_CLIENT_KEY")]
    tls_client_key: Option<PathBuf>,
}

/// The certificate of the ports of this process.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerTlsSettings {
    /// A file with the certificate of all ports of this process, and those of its intermediate
    /// authorities, in PEM; without it the ports are plain text. A changed file is used within
    /// seconds
    #[arg(long, value_name = "FILE", env = "BINDERY_TLS_CERT")]
    tls_cert: Option<PathBuf>,

    /// The key of --tls-cert, readable by its owner only
    #[arg(long, value_name = "FILE", env = "BINDERY_TLS_KEY")]
    tls_key: Option<PathBuf>,

    /// A file with the certificate authorities of clients, in PEM: then services prove by their
    /// certificates who they are, and the metrics need one
    #[arg(long, value_name = "FILE", env = "BINDERY_TLS_CLIENT_CA")]
    tls_client_ca: Option<PathBuf>,
}

impl ClientTlsSettings {
    /// A file of --tls-dir.
    fn in_folder(&self, name: &str) -> Option<PathBuf> {
        self.tls_dir.as_ref().map(|folder| folder.join(name))
    }

    /// Whether this process has a certificate with which it identifies itself.
    pub fn has_certificate(&self) -> bool {
        self.tls_client_cert.is_some() || self.tls_dir.is_some()
    }

    /// The files with certificates, which may be missing.
    pub fn certificate_files(&self) -> Vec<PathBuf> {
        let files = [
            self.tls_ca.clone().or(self.in_folder("ca.pem")),
            self.tls_client_cert
                .clone()
                .or(self.in_folder("client.pem")),
        ];
        files.into_iter().flatten().collect()
    }

    /// What channels to https:// addresses need. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If a file cannot be used, or a certificate is given without its key.
    pub fn load(&self) -> anyhow::Result<ClientTls> {
        ClientTls::load(self.files()?).context("the certificates for calls cannot be used")
    }

    /// The files of [`Self::load`].
    ///
    /// # Errors
    /// If a certificate is given without its key.
    pub fn files(&self) -> anyhow::Result<ClientTlsFiles> {
        let or_in_folder = |given: &Option<PathBuf>, name| given.clone().or(self.in_folder(name));
        let identity = pair(
            or_in_folder(&self.tls_client_cert, "client.pem"),
            or_in_folder(&self.tls_client_key, "client.key"),
            ("--tls-client-cert", "--tls-client-key"),
        )?;
        Ok(ClientTlsFiles {
            authorities: or_in_folder(&self.tls_ca, "ca.pem"),
            identity,
        })
    }

    /// The same, if one of the addresses is `https://`.
    pub fn load_for<'u>(
        &self,
        mut urls: impl Iterator<Item = &'u str>,
    ) -> anyhow::Result<Option<ClientTls>> {
        urls.any(|url| url.starts_with("https:"))
            .then(|| self.load())
            .transpose()
    }

    /// A channel to the server of a command, `http://HOST:PORT` or `https://HOST:PORT`.
    ///
    /// # Errors
    /// If the address is not one, or the files cannot be used.
    pub fn connect_to_server(&self, url: &str) -> anyhow::Result<Channel> {
        let tls = self.load_for([url].into_iter())?;
        connect(url, tls.as_ref()).context("--server is not valid")
    }
}

/// A channel to an address, for which [`ClientTlsSettings::load_for`] has been called.
pub fn connect(url: &str, tls: Option<&ClientTls>) -> Result<Channel, ConnectError> {
    match tls {
        Some(tls) => Channel::connect_with(url, tls),
        None => Channel::connect(url),
    }
}

impl ServerTlsSettings {
    /// The files with certificates, which may be missing.
    pub fn certificate_files(&self, client: &ClientTlsSettings) -> Vec<PathBuf> {
        let files = [
            self.tls_cert.clone().or(client.in_folder("server.pem")),
            self.tls_client_ca.clone().or(client.in_folder("ca.pem")),
        ];
        files.into_iter().flatten().collect()
    }

    /// The certificate of the ports; `None` for plain text. Must be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// If a file cannot be used, or a setting lacks another one.
    pub fn load(&self, client: &ClientTlsSettings) -> anyhow::Result<Option<ServerTls>> {
        let or_in_folder = |given: &Option<PathBuf>, name| given.clone().or(client.in_folder(name));
        let identity = pair(
            or_in_folder(&self.tls_cert, "server.pem"),
            or_in_folder(&self.tls_key, "server.key"),
            ("--tls-cert", "--tls-key"),
        )?;
        let client_authorities = or_in_folder(&self.tls_client_ca, "ca.pem");
        let Some((certificate, key)) = identity else {
            if client_authorities.is_some() {
                bail!("--tls-client-ca needs --tls-cert and --tls-key");
            }
            return Ok(None);
        };
        let files = ServerTlsFiles {
            certificate,
            key,
            client_authorities,
        };
        let loaded = ServerTls::load(files);
        loaded
            .map(Some)
            .context("the certificates of the ports cannot be used")
    }
}

/// A certificate and its key: both or none.
fn pair(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    (certificate_flag, key_flag): (&str, &str),
) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("{certificate_flag} needs {key_flag}"),
        (None, Some(_)) => bail!("{key_flag} needs {certificate_flag}"),
    }
}
