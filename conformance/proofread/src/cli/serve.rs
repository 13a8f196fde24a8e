//! `proofread serve`: a server for any contract.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use tokio::net::TcpListener;

use super::{
    connection::{ConfigArguments, ContractArguments},
    output,
    session::{block_on, interrupted},
};
use crate::{
    cases::Fixtures,
    config::{HumanDuration, expand},
    profile::Profile,
    serve::{Break, Server, ServerTls, Settings},
    style::count,
};

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    /// The address to listen on; port 0 chooses a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    addr: SocketAddr,

    /// The seed of the answers.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// A deviation from the contract: a rule that is not checked, such as string.min_len
    /// or 'title string.min_len', or a kind of failure that `check` reports:
    /// rule-not-checked, valid-refused, wrong-code, wrong-violations, wrong-details,
    /// undeclared-error, bad-response, trailer-too-big, protocol, behaviour, crash. May be
    /// repeated.
    #[arg(long = "break", value_name = "RULE|KIND")]
    breaks: Vec<Break>,

    /// How long to wait before each answer [default: not at all].
    #[arg(long, value_name = "DURATION")]
    delay: Option<HumanDuration>,

    /// The token of a credential or of a service that the contract names, 'name=token'; it
    /// may contain ${VARIABLE} or be @FILE. May be repeated [default: the name].
    #[arg(long = "credential", value_name = "NAME=TOKEN")]
    credentials: Vec<String>,

    /// The greatest size of the response trailers in bytes; violations that do not fit
    /// are left out.
    #[arg(long, value_name = "BYTES", default_value_t = Profile::TRAILER_LIMIT)]
    trailer_limit: usize,

    #[command(flatten, next_help_heading = "TLS")]
    tls: TlsArguments,
}

#[derive(Debug, Args)]
struct TlsArguments {
    /// PEM file with the certificate of the server [default: plaintext].
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// PEM file with the private key of the certificate.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// PEM file with the authorities of client certificates, which clients then need.
    #[arg(long, value_name = "FILE", requires = "cert")]
    client_ca: Option<PathBuf>,
}

impl TlsArguments {
    /// Reads the files; `None` for plaintext.
    fn read(&self) -> anyhow::Result<Option<ServerTls>> {
        let (Some(certificate), Some(key)) = (&self.cert, &self.key) else {
            return Ok(None);
        };
        let read = |path: &PathBuf| {
            fs::read(path).with_context(|| format!("can't read {}", path.display()))
        };
        let authorities = self.client_ca.as_ref().map(read).transpose()?;
        let tls = ServerTls::new(&read(certificate)?, &read(key)?, authorities.as_deref())?;
        Ok(Some(tls))
    }
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.read()?;
        let contract = self.contract.open(&config)?;
        for it in &self.breaks {
            it.check(&contract)?;
        }
        let settings = Settings {
            seed: self.seed,
            breaks: self.breaks.clone(),
            delay: self.delay.map(|delay| delay.0).unwrap_or_default(),
            tokens: self.tokens()?,
            trailer_limit: self.trailer_limit,
        };
        let tls = self.tls.read()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let fixtures = Fixtures::default();
        let server = Server::new(&contract, &fixtures, settings);
        let unknown = self.credentials.iter().filter_map(|it| it.split_once('='));
        for (name, _) in unknown {
            if !server.credentials().contains_key(name) {
                bail!("the contract names no credential or service {name:?}");
            }
        }
        block_on(async {
            let listener = TcpListener::bind(self.addr).await;
            let listener = listener.with_context(|| format!("can't listen on {}", self.addr))?;
            let mut text = format!("listening on {scheme}://{}\n", listener.local_addr()?);
            let methods = contract.methods().count() as u64;
            let _ = writeln!(text, "{}, health and reflection", count(methods, "method"));
            for (name, metadata) in server.credentials() {
                let _ = writeln!(text, "credential {name}: {metadata}");
            }
            output::print(&text)?;
            tokio::select! {
                () = server.run(listener, tls.as_ref()) => {}
                () = interrupted() => {}
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    fn tokens(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let tokens = self.credentials.iter().map(|text| {
            let Some((name, token)) = text.split_once('=') else {
                bail!("{text:?} is not of the form name=token");
            };
            Ok((name.to_owned(), expand(token, Path::new(""))?))
        });
        tokens.collect()
    }
}
