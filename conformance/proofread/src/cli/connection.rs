//! The flags that several commands share: the contract, the configuration, which
//! methods, and how to reach the server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;

use super::config_location::WithConfigLocation;
use crate::{
    config::{Config, Header, HumanDuration, MethodSelection, path_glob},
    contract::{Contract, Method},
    load,
    probe::{Metadata, Target, Tls},
};

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// The configuration, TOML or YAML [default: proofread.toml or proofread.yaml in
    /// the working folder, where there is one].
    #[arg(long, value_name = "FILE", env = "PROOFREAD_CONFIG")]
    config: Option<PathBuf>,
}

impl ConfigArguments {
    pub(super) fn read(&self) -> anyhow::Result<Config> {
        Ok(Config::find(self.config.as_deref())?)
    }
}

#[derive(Debug, Args)]
pub(super) struct ContractArguments {
    /// The contract: an image, or a folder of protos such as a buf module.
    #[arg(long, value_name = "FILE|FOLDER", env = "PROOFREAD_CONTRACT")]
    contract: Option<PathBuf>,
}

impl ContractArguments {
    /// Where the contract is, where that is said.
    fn path(&self, config: &Config) -> Option<PathBuf> {
        let configured = config.file.contract.as_deref();
        self.contract
            .clone()
            .or_else(|| configured.map(|path| config.resolve(path)))
    }

    /// The contract, for commands that talk to no server.
    pub(super) fn open(&self, config: &Config) -> anyhow::Result<Contract> {
        match self.read(config, None)? {
            Some((_, contract)) => Ok(contract),
            None => anyhow::bail!("which contract? give --contract FILE or FOLDER"),
        }
    }

    /// The contract and where it is, where that is said or was recorded.
    pub(super) fn read(
        &self,
        config: &Config,
        recorded: Option<&Path>,
    ) -> anyhow::Result<Option<(PathBuf, Contract)>> {
        let key = match self.contract {
            Some(_) => "",
            None => "contract",
        };
        let path = self.path(config).or(recorded.map(Path::to_owned));
        path.map(|path| {
            let contract = load::open(&path).with_config_location(config, key)?;
            Ok((path, contract))
        })
        .transpose()
    }
}

#[derive(Debug, Args)]
pub(super) struct SelectionArguments {
    /// A glob of methods to look at, such as 'bookstore.cart.*' or GetBook; may be
    /// given several times [default: all].
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// A glob of methods to leave alone; may be given several times.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

impl SelectionArguments {
    /// The chosen methods. What is included on the command line replaces what the
    /// configuration includes; what is excluded adds up.
    pub(super) fn methods<'c>(
        &self,
        config: &Config,
        contract: &'c Contract,
    ) -> anyhow::Result<Vec<&'c Method>> {
        Ok(self.selection(config, contract)?.select(contract)?)
    }

    /// The globs behind that.
    pub(super) fn selection(
        &self,
        config: &Config,
        contract: &Contract,
    ) -> anyhow::Result<MethodSelection> {
        let include = match self.include.is_empty() {
            true => &config.file.include,
            false => &self.include,
        };
        if self.include.is_empty() {
            for (index, glob) in include.iter().enumerate() {
                let alone = MethodSelection::new(std::slice::from_ref(glob), &[]);
                let chosen = alone.and_then(|it| it.select(contract).map(drop));
                chosen.with_config_location(config, &format!("include.{index}"))?;
            }
        }
        for (index, glob) in config.file.exclude.iter().enumerate() {
            let alone = MethodSelection::new(&[], std::slice::from_ref(glob));
            let chosen = alone.and_then(|it| it.select(contract).map(drop));
            chosen.with_config_location(config, &format!("exclude.{index}"))?;
        }
        let exclude = [config.file.exclude.as_slice(), &self.exclude].concat();
        Ok(MethodSelection::new(include, &exclude)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct ConnectionArguments {
    /// Metadata of every call, 'key: value'; the value may hold ${VARIABLE} or be
    /// @FILE. May be given several times.
    #[arg(long = "header", value_name = "KEY: VALUE", short = 'H')]
    headers: Vec<String>,

    /// The token of a credential that the contract names, 'name=token'; the token
    /// may hold ${VARIABLE} or be @FILE. May be given several times.
    #[arg(long = "credential", value_name = "NAME=TOKEN")]
    pub(super) credentials: Vec<String>,

    /// PEM: the authorities to trust [default: those of the system].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// PEM: the certificate to show, for mutual TLS.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// PEM: the key of that certificate.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The name that the server's certificate must carry [default: the host].
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// How long one call may take before it counts as a hang [default: 5s].
    #[arg(long, value_name = "SPAN")]
    timeout: Option<HumanDuration>,
}

/// A header of some calls, as it was written.
#[derive(Debug, Clone)]
pub(super) struct UnexpandedHeader {
    pub(super) name: String,
    /// Not expanded.
    pub(super) value: String,
    /// A glob of the methods that carry it; all where there is none.
    pub(super) methods: Option<String>,
    /// Its key in the configuration; empty where the command line says it.
    pub(super) key: String,
}

/// The files of TLS.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsFiles {
    pub(super) ca: Option<PathBuf>,
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) server_name: Option<String>,
}

impl ConnectionArguments {
    /// How long one call may take.
    pub(super) fn timeout(&self, config: &Config) -> std::time::Duration {
        let span = self.timeout.or(config.file.timeout);
        span.map_or(std::time::Duration::from_secs(5), |span| span.0)
    }

    /// The server, with the metadata that is known before anything is called.
    pub(super) fn target(&self, url: &str, config: &Config) -> anyhow::Result<Target> {
        let mut target = Target::new(url);
        target.tls = self.tls(config)?;
        for glob in config.file.methods.keys() {
            let sound = MethodSelection::new(std::slice::from_ref(glob), &[]);
            sound.with_config_location(config, &format!("methods.{glob}"))?;
        }
        for (header, folder) in self.unexpanded_headers(config)? {
            let known = Header::new(&header.name, &header.value, &folder);
            let known = known.with_config_location(config, &header.key)?;
            target.metadata.push(Metadata {
                key: known.name,
                value: known.value.into_bytes(),
                methods: header.methods,
            });
        }
        Ok(target)
    }

    /// All headers, with the folder to which their files are relative. One of the
    /// command line replaces that of the configuration.
    pub(super) fn unexpanded_headers(
        &self,
        config: &Config,
    ) -> anyhow::Result<Vec<(UnexpandedHeader, PathBuf)>> {
        let mut headers: Vec<(UnexpandedHeader, PathBuf)> = Vec::new();
        for text in &self.headers {
            // Checked here, so that an error shows what was given.
            Header::parse(text, Path::new(""))?;
            if let Some((name, value)) = text.split_once(':') {
                let header = UnexpandedHeader {
                    name: name.trim().to_ascii_lowercase(),
                    value: value.trim().to_owned(),
                    methods: None,
                    key: String::new(),
                };
                headers.push((header, PathBuf::new()));
            }
        }
        let given: Vec<String> = headers.iter().map(|(it, _)| it.name.clone()).collect();
        let general = config.file.headers.iter().map(|header| (None, header));
        let special = config.file.methods.iter().flat_map(|(glob, settings)| {
            let headers = settings.headers.iter();
            headers.map(move |header| (Some(glob.clone()), header))
        });
        for (methods, (name, value)) in general.chain(special) {
            let key = match &methods {
                Some(glob) => format!("methods.{glob}.headers.{name}"),
                None => format!("headers.{name}"),
            };
            let name = name.to_ascii_lowercase();
            if !given.contains(&name) {
                let header = UnexpandedHeader {
                    name,
                    value: value.clone(),
                    methods: methods.as_deref().map(path_glob),
                    key,
                };
                headers.push((header, config.folder()));
            }
        }
        Ok(headers)
    }

    /// The files of TLS, from flags or configuration.
    pub(super) fn tls_files(&self, config: &Config) -> anyhow::Result<TlsFiles> {
        let tls = &config.file.tls;
        let resolved = |path: &Option<PathBuf>| path.as_deref().map(|path| config.resolve(path));
        let cert = self.cert.clone().or_else(|| resolved(&tls.cert));
        let key = self.key.clone().or_else(|| resolved(&tls.key));
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => {
                let half = anyhow::anyhow!("a client certificate needs both, --cert and --key");
                return Err(half).with_config_location(config, "tls");
            }
        };
        Ok(TlsFiles {
            ca: self.ca.clone().or_else(|| resolved(&tls.ca)),
            identity,
            server_name: self.server_name.clone().or_else(|| tls.server_name.clone()),
        })
    }

    /// The content of those files.
    fn tls(&self, config: &Config) -> anyhow::Result<Tls> {
        let pem = self.tls_files(config)?;
        let read = |path: &Path, flag: &Option<PathBuf>, key: &str| {
            let content = fs::read(path).with_context(|| format!("can't read {}", path.display()));
            content.with_config_location(config, if flag.is_some() { "" } else { key })
        };
        let identity = match &pem.identity {
            Some((cert, key)) => Some((
                read(cert, &self.cert, "tls.cert")?,
                read(key, &self.key, "tls.key")?,
            )),
            None => None,
        };
        let ca = pem.ca.as_deref();
        Ok(Tls {
            authorities: ca.map(|ca| read(ca, &self.ca, "tls.ca")).transpose()?,
            identity,
            server_name: pem.server_name,
        })
    }
}
