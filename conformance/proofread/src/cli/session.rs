//! Opens the connection to the server under test: contract, credentials and client.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};

use super::{
    certificates::ResolvedCertificate,
    config_location::WithConfigLocation,
    connection::{ConnectionArguments, ContractArguments, TlsFiles, UnexpandedHeader},
    credentials::{self, Refresher},
    grpcurl,
};
use crate::{
    config::{Config, check_glob_matches},
    contract::{Contract, Method},
    load,
    probe::{Probe, Target},
    report::CommandTemplate,
    sequences,
};

/// A connected server and its contract.
pub(super) struct Session {
    pub(super) url: String,
    pub(super) contract: Contract,
    /// Where the contract comes from; `None` for server reflection.
    pub(super) contract_source: Option<load::Source>,
    pub(super) probe: Probe,
    pub(super) timeout: Duration,
    tls_files: TlsFiles,
    certificates: Vec<ResolvedCertificate>,
    headers: Vec<(UnexpandedHeader, PathBuf)>,
    callers: BTreeMap<String, (UnexpandedHeader, PathBuf)>,
}

impl Session {
    /// Reads the contract, connects, and obtains the credentials. `recorded` is the
    /// contract of an earlier run, which flags and configuration override.
    pub(super) async fn open(
        url: &str,
        config: &Config,
        contract: &ContractArguments,
        recorded: Option<load::Source>,
        connection: &ConnectionArguments,
    ) -> anyhow::Result<Self> {
        let (contract_source, from_file) = contract.read(config, recorded)?.unzip();
        let timeout = connection.timeout(config);
        let mut target: Target = connection.target(url, config)?;
        target.connect_timeout = timeout;
        let mut headers = connection.unexpanded_headers(config)?;
        let mut callers = BTreeMap::new();
        let probe = Probe::connect(&target).await?;
        let contract = match from_file {
            Some(contract) => contract,
            None => load::reflect(&probe, timeout).await?,
        };
        for glob in config.file.methods.keys() {
            check_glob_matches(glob, &contract)
                .with_config_location(config, &format!("methods.{glob}"))?;
        }
        if let Err(error) = sequences::check_declarations(&config.file.sequences, &contract) {
            let key = format!("sequences.{}", error.key);
            Err(error).with_config_location(config, &key)?;
        }
        let credentials =
            credentials::resolve(config, &connection.credentials, &contract, &probe, timeout)
                .await?;
        let certificates = credentials.certificates;
        if let (false, Some(first)) = (url.starts_with("https://"), certificates.first()) {
            let name = &first.credential.name;
            let plaintext: anyhow::Result<()> = Err(anyhow!(
                "the client certificate of {name} needs TLS, and {url} is plaintext; give https://"
            ));
            plaintext.with_config_location(config, &format!("credentials.{name}.cert"))?;
        }
        let probe = if credentials.metadata.is_empty() && certificates.is_empty() {
            probe
        } else {
            target.metadata.extend(credentials.metadata);
            target.credentials = credentials.credentials;
            let of_connections = certificates.iter().map(|it| it.credential.clone());
            target.certificates = of_connections.collect();
            headers.extend(credentials.headers);
            callers = credentials.callers;
            let connected = Probe::connect(&target).await?;
            connected.refreshing_by(Box::new(Refresher {
                sources: credentials.sources,
                probe,
                timeout,
            }))
        };
        Ok(Self {
            url: url.to_owned(),
            contract,
            contract_source,
            probe,
            timeout,
            tls_files: connection.tls_files(config)?,
            certificates,
            headers,
            callers,
        })
    }

    /// Finds a method by its path, such as `/shop.v1.Shop/Get`.
    pub(super) fn method(&self, path: &str) -> Option<&Method> {
        self.contract.methods().find(|method| method.path == path)
    }

    /// The template of the commands that reproduce failures of this run; `failures` is
    /// the file that `replay` reads.
    pub(super) fn command_template(&self, failures: &Path) -> CommandTemplate {
        grpcurl::command_template(
            &self.url,
            (&self.tls_files, &self.certificates),
            self.contract_source.as_ref(),
            (&self.headers, &self.callers),
            failures,
        )
    }

    /// Where the contract comes from, for reports.
    pub(super) fn contract_description(&self) -> String {
        match &self.contract_source {
            Some(source) => {
                let paths = source.paths.iter().map(|path| path.display().to_string());
                paths.collect::<Vec<_>>().join(", ")
            }
            None => "server reflection".to_owned(),
        }
    }
}

/// The URL of the server, from the command line or the configuration.
pub(super) fn choose_url(given: Option<&str>, config: &Config) -> anyhow::Result<String> {
    match given.or(config.file.url.as_deref()) {
        Some(url) => Ok(url.to_owned()),
        None => bail!("no server given; pass its URL, such as http://127.0.0.1:50051"),
    }
}

/// Completes when the user presses Ctrl-C or the process is asked to end. Where signals
/// can't be received, it never completes.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// Runs a command that talks to a server, on the current thread.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // One thread: waking another one for each case costs more than it gains. With the
    // multi-threaded runtime a quarter fewer cases a second were measured.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    runtime.block_on(work)
}
