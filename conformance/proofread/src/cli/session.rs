//! A server, its contract, and a client that shows what it must.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};

use super::{
    config_location::WithConfigLocation,
    connection::{ConnectionArguments, ContractArguments, TlsFiles, UnexpandedHeader},
    credentials, grpcurl,
};
use crate::{
    config::{Config, check_glob_matches},
    contract::{Contract, Method},
    load,
    probe::{Probe, Target},
    report::CommandTemplate,
};

/// A server that answers, and its contract.
pub(super) struct Session {
    pub(super) url: String,
    pub(super) contract: Contract,
    /// Where the contract comes from; none where the server described itself.
    pub(super) source: Option<PathBuf>,
    pub(super) probe: Probe,
    pub(super) timeout: Duration,
    pem: TlsFiles,
    headers: Vec<(UnexpandedHeader, PathBuf)>,
}

impl Session {
    /// Reads the contract, connects, and gets the credentials.
    pub(super) async fn open(
        url: &str,
        config: &Config,
        contract: &ContractArguments,
        recorded: Option<&Path>,
        connection: &ConnectionArguments,
    ) -> anyhow::Result<Self> {
        let (source, from_file) = contract.read(config, recorded)?.unzip();
        let timeout = connection.timeout(config);
        let mut target: Target = connection.target(url, config)?;
        target.connect_timeout = timeout;
        let mut headers = connection.unexpanded_headers(config)?;
        let probe = Probe::connect(&target).await?;
        let contract = match from_file {
            Some(contract) => contract,
            None => load::reflect(&probe, timeout).await?,
        };
        for glob in config.file.methods.keys() {
            check_glob_matches(glob, &contract)
                .with_config_location(config, &format!("methods.{glob}"))?;
        }
        let shown =
            credentials::resolve(config, &connection.credentials, &contract, &probe, timeout)
                .await?;
        let probe = match shown.metadata.is_empty() {
            true => probe,
            false => {
                target.metadata.extend(shown.metadata);
                headers.extend(shown.written);
                Probe::connect(&target).await?
            }
        };
        Ok(Self {
            url: url.to_owned(),
            contract,
            source,
            probe,
            timeout,
            pem: connection.tls_files(config)?,
            headers,
        })
    }

    /// The method of a path.
    pub(super) fn method(&self, path: &str) -> Option<&Method> {
        self.contract.methods().find(|method| method.path == path)
    }

    /// How to do by hand what the run does.
    pub(super) fn reproduce(&self, failures: &Path) -> CommandTemplate {
        grpcurl::command_template(
            &self.url,
            &self.pem,
            self.source.as_deref(),
            &self.headers,
            failures,
        )
    }

    /// Where the contract comes from, in words.
    pub(super) fn contract_description(&self) -> String {
        match &self.source {
            Some(path) => path.display().to_string(),
            None => "what the server says of itself (reflection)".to_owned(),
        }
    }
}

/// The server: given on the command line, in the configuration, or recorded.
pub(super) fn url(
    given: Option<&str>,
    config: &Config,
    recorded: Option<&str>,
) -> anyhow::Result<String> {
    match given.or(config.file.url.as_deref()).or(recorded) {
        Some(url) => Ok(url.to_owned()),
        None => bail!("which server? give its URL, such as http://127.0.0.1:50051"),
    }
}

/// Runs a command that talks to a server. Interrupted, it ends at once.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // One thread: cases are made, sent and judged in turn, and waking another thread for
    // each costs more than it gains (a quarter of the cases a second, measured).
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    runtime.block_on(work)
}
