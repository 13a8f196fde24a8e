//! The flags that several commands share: configuration, contract, selection of methods
//! and connection to the server.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;

use super::config_location::WithConfigLocation;
use crate::{
    config::{Config, ConfigError, FILE_NAMES, Header, HumanDuration, MethodSelection, path_glob},
    contract::{Contract, Method},
    load,
    probe::{Metadata, Target, Tls},
};

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// The configuration file, TOML or YAML [default: proofread.toml or proofread.yaml in
    /// the working folder, if it exists].
    #[arg(long, value_name = "FILE", env = "PROOFREAD_CONFIG")]
    config: Option<PathBuf>,
}

impl ConfigArguments {
    pub(super) fn read(&self) -> anyhow::Result<Config> {
        Ok(Config::find(self.config.as_deref())?)
    }

    /// The configuration file, or those that are tried.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match &self.config {
            Some(file) => vec![file.clone()],
            None => FILE_NAMES.map(PathBuf::from).to_vec(),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ContractArguments {
    /// The contract: an image, a folder of protos such as a buf module, or a single proto.
    /// May be repeated.
    #[arg(long, value_name = "FILE|FOLDER", env = "PROOFREAD_CONTRACT")]
    contract: Vec<PathBuf>,

    /// A folder to which imports of protos are relative, as -I of protoc. May be repeated
    /// [default: the modules of the buf workspace, or the folder of the contract].
    #[arg(long = "import-path", short = 'I', value_name = "FOLDER")]
    import_paths: Vec<PathBuf>,
}

impl ContractArguments {
    /// Where the contract comes from, by flags or the configuration.
    fn source(&self, config: &Config) -> Option<load::Source> {
        let chosen = |flags: &[PathBuf], configured: &[PathBuf]| match flags {
            [] => configured.iter().map(|path| config.resolve(path)).collect(),
            flags => flags.to_vec(),
        };
        let source = load::Source {
            paths: chosen(&self.contract, &config.file.contract),
            import_paths: chosen(&self.import_paths, &config.file.import_paths),
        };
        (!source.paths.is_empty()).then_some(source)
    }

    /// The files from which the contract is read; none if it is read by reflection.
    pub(super) fn files(&self, config: &Config) -> BTreeSet<PathBuf> {
        let source = self.source(config);
        source.map(|source| source.files()).unwrap_or_default()
    }

    /// Reads the contract, for commands that do not connect to a server.
    pub(super) fn open(&self, config: &Config) -> anyhow::Result<Contract> {
        match self.read(config, None)? {
            Some((_, contract)) => Ok(contract),
            None => anyhow::bail!("no contract given; pass --contract FILE or FOLDER"),
        }
    }

    /// Runs `work` with the part of the contract that some methods need, which takes less
    /// time and memory. `wanted` gets `package.Service/Method`. If this fails, for instance
    /// because the configuration names something else, runs it with the whole contract.
    /// Therefore `work` must print only after everything that can fail.
    pub(super) fn with_part<T>(
        &self,
        config: &Config,
        wanted: impl Fn(&str) -> bool,
        work: impl Fn(&Contract) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let source = self.source(config);
        let part = source.and_then(|source| source.open_for(wanted).ok()?);
        if let Some(part) = part
            && let Ok(done) = work(&part)
        {
            return Ok(done);
        }
        work(&self.open(config)?)
    }

    /// Reads the contract and returns it with its source; `None` if neither flag nor
    /// configuration nor `recorded` names one. Prints the files that are left out.
    pub(super) fn read(
        &self,
        config: &Config,
        recorded: Option<load::Source>,
    ) -> anyhow::Result<Option<(load::Source, Contract)>> {
        let key = match self.contract.as_slice() {
            [] => "contract",
            _ => "",
        };
        let Some(source) = self.source(config).or(recorded) else {
            return Ok(None);
        };
        let contract = source.open().with_config_location(config, key)?;
        for file in contract.left_out() {
            let text = format!("proofread: left out {}: {}\n", file.name, file.reason);
            // Nobody reads a closed standard error.
            let _ = io::stderr().write_all(text.as_bytes());
        }
        Ok(Some((source, contract)))
    }
}

#[derive(Debug, Args)]
pub(super) struct SelectionArguments {
    /// A glob of methods to include, such as 'bookstore.cart.*' or GetBook; may be
    /// repeated [default: all methods].
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// A glob of methods to exclude; may be repeated.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

impl SelectionArguments {
    /// The selected methods. `--include` replaces `include` of the configuration;
    /// `--exclude` is added to `exclude` of the configuration.
    pub(super) fn methods<'c>(
        &self,
        config: &Config,
        contract: &'c Contract,
    ) -> anyhow::Result<Vec<&'c Method>> {
        Ok(self.selection(config, contract)?.select(contract)?)
    }

    /// The globs, without checking that they match a method.
    pub(super) fn globs(&self, config: &Config) -> Result<MethodSelection, ConfigError> {
        let include = match self.include.as_slice() {
            [] => &config.file.include,
            include => include,
        };
        let exclude = [config.file.exclude.as_slice(), &self.exclude].concat();
        MethodSelection::new(include, &exclude)
    }

    /// The globs of `methods`, after the globs of the configuration were checked.
    pub(super) fn selection(
        &self,
        config: &Config,
        contract: &Contract,
    ) -> anyhow::Result<MethodSelection> {
        let include = if self.include.is_empty() {
            &config.file.include
        } else {
            &self.include
        };
        if self.include.is_empty() {
            for (index, glob) in include.iter().enumerate() {
                let single = MethodSelection::new(std::slice::from_ref(glob), &[]);
                let matched = single.and_then(|it| it.select(contract).map(drop));
                matched.with_config_location(config, &format!("include.{index}"))?;
            }
        }
        for (index, glob) in config.file.exclude.iter().enumerate() {
            let single = MethodSelection::new(&[], std::slice::from_ref(glob));
            let matched = single.and_then(|it| it.select(contract).map(drop));
            matched.with_config_location(config, &format!("exclude.{index}"))?;
        }
        let exclude = [config.file.exclude.as_slice(), &self.exclude].concat();
        Ok(MethodSelection::new(include, &exclude)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct ConnectionArguments {
    /// Metadata of every call, 'key: value'; the value may contain ${VARIABLE} or be
    /// @FILE. May be repeated.
    #[arg(long = "header", value_name = "KEY: VALUE", short = 'H')]
    headers: Vec<String>,

    /// The token of a credential that the contract names, 'name=token'; the token
    /// may contain ${VARIABLE} or be @FILE. May be repeated.
    #[arg(long = "credential", value_name = "NAME=TOKEN")]
    pub(super) credentials: Vec<String>,

    /// PEM file with the certificate authorities to trust [default: those of the system].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// PEM file with the client certificate, for mutual TLS.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// PEM file with the private key of the client certificate.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The name that the server's certificate must contain [default: the host].
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// Does not verify the certificate of the server.
    #[arg(long, conflicts_with_all = ["ca", "server_name"])]
    insecure: bool,

    /// How long one call may take before it is reported as a hang [default: 5s].
    #[arg(long, value_name = "DURATION")]
    timeout: Option<HumanDuration>,
}

/// A header whose value still contains `${NAME}` or `@file`.
#[derive(Debug, Clone)]
pub(super) struct UnexpandedHeader {
    pub(super) name: String,
    /// Not expanded: `Bearer ${TOKEN}`.
    pub(super) value: String,
    /// A glob of the methods that carry it; `None` means all methods.
    pub(super) methods: Option<String>,
    /// Its key in the configuration; empty if it comes from the command line.
    pub(super) key: String,
}

/// The PEM files and the server name of a TLS connection.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsFiles {
    pub(super) ca: Option<PathBuf>,
    /// The client certificate and its private key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) server_name: Option<String>,
    /// Whether the certificate of the server is not verified.
    pub(super) insecure: bool,
}

impl ConnectionArguments {
    /// How long one call may take, 5 seconds by default.
    pub(super) fn timeout(&self, config: &Config) -> std::time::Duration {
        let timeout = self.timeout.or(config.file.timeout);
        timeout.map_or(std::time::Duration::from_secs(5), |timeout| timeout.0)
    }

    /// The server with TLS and headers, without the credentials, which may need calls.
    pub(super) fn target(&self, url: &str, config: &Config) -> anyhow::Result<Target> {
        let mut target = Target::new(url);
        target.tls = self.tls(config)?;
        for glob in config.file.methods.keys() {
            let glob_is_valid = MethodSelection::new(std::slice::from_ref(glob), &[]);
            glob_is_valid.with_config_location(config, &format!("methods.{glob}"))?;
        }
        for (header, folder) in self.unexpanded_headers(config)? {
            let expanded = Header::new(&header.name, &header.value, &folder);
            let expanded = expanded.with_config_location(config, &header.key)?;
            target.metadata.push(Metadata {
                key: expanded.name,
                value: expanded.value.into_bytes(),
                methods: header.methods,
                ..Metadata::default()
            });
        }
        Ok(target)
    }

    /// All headers, each with the folder to which `@file` is relative. A header of the
    /// command line replaces the one of the same name in the configuration.
    pub(super) fn unexpanded_headers(
        &self,
        config: &Config,
    ) -> anyhow::Result<Vec<(UnexpandedHeader, PathBuf)>> {
        let mut headers: Vec<(UnexpandedHeader, PathBuf)> = Vec::new();
        for text in &self.headers {
            // Checked here, so that an error shows the flag as it was given.
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
        let names_from_flags: Vec<String> = headers.iter().map(|(it, _)| it.name.clone()).collect();
        let for_all_methods = config.file.headers.iter().map(|header| (None, header));
        let for_some_methods = config.file.methods.iter().flat_map(|(glob, settings)| {
            let headers = settings.headers.iter();
            headers.map(move |header| (Some(glob.clone()), header))
        });
        for (methods, (name, value)) in for_all_methods.chain(for_some_methods) {
            let key = match &methods {
                Some(glob) => format!("methods.{glob}.headers.{name}"),
                None => format!("headers.{name}"),
            };
            let name = name.to_ascii_lowercase();
            if !names_from_flags.contains(&name) {
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

    /// The TLS files, from flags or configuration.
    pub(super) fn tls_files(&self, config: &Config) -> anyhow::Result<TlsFiles> {
        let tls = &config.file.tls;
        let resolved = |path: &Option<PathBuf>| path.as_deref().map(|path| config.resolve(path));
        let cert = self.cert.clone().or_else(|| resolved(&tls.cert));
        let key = self.key.clone().or_else(|| resolved(&tls.key));
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => {
                let incomplete =
                    anyhow::anyhow!("a client certificate needs both --cert and --key");
                return Err(incomplete).with_config_location(config, "tls");
            }
        };
        Ok(TlsFiles {
            ca: self.ca.clone().or_else(|| resolved(&tls.ca)),
            identity,
            server_name: self.server_name.clone().or_else(|| tls.server_name.clone()),
            insecure: self.insecure || tls.insecure,
        })
    }

    /// Reads the TLS files.
    fn tls(&self, config: &Config) -> anyhow::Result<Tls> {
        let files = self.tls_files(config)?;
        let read = |path: &Path, flag: &Option<PathBuf>, key: &str| {
            let content = fs::read(path).with_context(|| format!("can't read {}", path.display()));
            content.with_config_location(config, if flag.is_some() { "" } else { key })
        };
        let identity = match &files.identity {
            Some((cert, key)) => Some((
                read(cert, &self.cert, "tls.cert")?,
                read(key, &self.key, "tls.key")?,
            )),
            None => None,
        };
        let ca = files.ca.as_deref();
        let ca_key = config.file.tls.ca_key.as_deref();
        let ca_key = ca_key.map(|path| read(&config.resolve(path), &None, "tls.ca_key"));
        Ok(Tls {
            authorities: ca.map(|ca| read(ca, &self.ca, "tls.ca")).transpose()?,
            identity,
            authority_key: ca_key.transpose()?,
            server_name: files.server_name,
            insecure: files.insecure,
        })
    }
}
