//! The settings of the events for other systems.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use events::Publisher;

use crate::{secret_file, tls::ClientTlsSettings};

/// Where events for other systems are published.
#[derive(Debug, Clone, Default, Args)]
pub struct EventSettings {
    /// Publish what happens to orders to the NATS JetStream of this server, such as
    /// nats://127.0.0.1:4222 or tls://nats.example:4222; several servers of one cluster are
    /// separated by commas
    ///
    /// It needs a stream for the subjects bookstore.> and may be down at any time: the events wait in the database. Its certificate is checked, and it gets ours, by the settings --tls-ca, --tls-client-cert and --tls-client-key.
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_NATS_URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    nats_url: Vec<String>,

    /// A credentials file of NATS (a JWT and a seed), readable by its owner only
    #[arg(
        long,
        value_name = "FILE",
        env = "BINDERY_NATS_CREDENTIALS_FILE",
        requires = "nats_url"
    )]
    nats_credentials_file: Option<PathBuf>,

    /// A file with the authentication token of NATS, readable by its owner only
    #[arg(
        long,
        value_name = "FILE",
        env = "BINDERY_NATS_TOKEN_FILE",
        requires = "nats_url",
        conflicts_with = "nats_credentials_file"
    )]
    nats_token_file: Option<PathBuf>,
}

impl EventSettings {
    /// What publishes events; `None` if nobody wants them. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If a setting is not valid. A server that does not answer is no error.
    pub async fn publisher(&self, tls: &ClientTlsSettings) -> anyhow::Result<Option<Publisher>> {
        if self.nats_url.is_empty() {
            return Ok(None);
        }
        let token = read(self.nats_token_file.as_deref(), "--nats-token-file")?;
        let credentials = read(
            self.nats_credentials_file.as_deref(),
            "--nats-credentials-file",
        )?;
        let tls = tls.files()?;
        let options = events::Options {
            urls: self.nats_url.clone(),
            credentials,
            token: token.map(|token| token.trim().to_owned()),
            authorities: tls.authorities,
            identity: tls.identity,
        };
        let publisher = Publisher::connect(options).await;
        let publisher =
            publisher.context("--nats-url or --nats-credentials-file cannot be used")?;
        Ok(Some(publisher))
    }
}

fn read(file: Option<&Path>, flag: &str) -> anyhow::Result<Option<String>> {
    let Some(file) = file else {
        return Ok(None);
    };
    let content = secret_file::read_private(file, "the bookstore at NATS", "replace it");
    let content = content.with_context(|| format!("{flag} cannot be used"))?;
    let missing = || format!("there is no file at {} ({flag})", file.display());
    content.with_context(missing).map(Some)
}
