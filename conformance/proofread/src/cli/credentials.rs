//! Obtains the tokens of credentials, from the configuration, flags or a call such as
//! SignIn, and builds the metadata that carries them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, anyhow, bail, ensure};
use futures::{FutureExt, future::BoxFuture};

use super::{
    certificates::{self, ResolvedCertificate},
    config_location::WithConfigLocation,
    connection::UnexpandedHeader,
    setup_call::PreparedCall,
};
use crate::{
    config::{Config, Credential, Header, TokenSource, check_glob_matches, expand, path_glob},
    contract::{Access, Contract, Method},
    probe::{CredentialHeader, Metadata, Probe, RefreshCredential},
    suggest::did_you_mean,
};

/// The placeholder for the token in a header.
const TOKEN_PLACEHOLDER: &str = "{token}";

/// A credential, from the configuration or the command line.
#[derive(Clone)]
struct NamedCredential {
    name: String,
    credential: Credential,
    /// The folder to which `@file` is relative.
    folder: PathBuf,
    /// The key of its table; empty if it comes from the command line.
    key: String,
}

/// The metadata of all credentials, and the same headers without secrets.
pub(super) struct ResolvedCredentials {
    /// The credentials whose token can be obtained again.
    pub(super) sources: Vec<RefreshableCredential>,
    pub(super) metadata: Vec<Metadata>,
    pub(super) credentials: Vec<CredentialHeader>,
    /// The credentials that no metadata carries, but the certificate of the connection.
    pub(super) certificates: Vec<ResolvedCertificate>,
    pub(super) headers: Vec<(UnexpandedHeader, PathBuf)>,
    /// The header of each credential by its name, also of those that no calls carry usually.
    pub(super) callers: BTreeMap<String, (UnexpandedHeader, PathBuf)>,
}

/// A credential whose token a call or a command returns, with one header.
pub(super) struct RefreshableCredential {
    named: NamedCredential,
    template: String,
    source: TokenCall,
}

/// What returns a token, each time a new one.
enum TokenCall {
    Call(Box<PreparedCall>),
    Command { command: String, folder: PathBuf },
}

/// Obtains tokens again by a client without credentials.
pub(super) struct Refresher {
    pub(super) sources: Vec<RefreshableCredential>,
    pub(super) probe: Probe,
    pub(super) timeout: Duration,
}

impl RefreshCredential for Refresher {
    fn header_value<'a>(&'a self, credential: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        async move {
            let mut sources = self.sources.iter();
            let found = sources.find(|source| source.named.name == credential)?;
            let token = found.source.token(&self.probe, self.timeout).await.ok()?;
            let sent = with_token(&found.named, &found.template, (&token, ""));
            Some(sent.ok()?.0.value.into_bytes())
        }
        .boxed()
    }
}

impl TokenCall {
    async fn token(&self, probe: &Probe, timeout: Duration) -> anyhow::Result<String> {
        match self {
            Self::Call(call) => {
                let values = call.fetch_values(probe, timeout).await?;
                let token = values.first().and_then(|it| it.as_str());
                let token = token.map(str::to_owned).ok_or_else(|| {
                    let path = &call.method.path;
                    anyhow!("the value in the response of {path} is not a string")
                });
                call.with_context(token, "field")
            }
            Self::Command { command, folder } => output_of(command, folder).await,
        }
    }
}

/// What a command prints, without the white space around it.
async fn output_of(command: &str, folder: &Path) -> anyhow::Result<String> {
    let mut shell = tokio::process::Command::new("sh");
    if !folder.as_os_str().is_empty() {
        shell.current_dir(folder);
    }
    shell.args(["-c", command]).stdin(Stdio::null());
    let output = shell.stderr(Stdio::inherit()).output().await;
    let output = output.with_context(|| format!("{command:?} cannot be run"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        output.status
    );
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("{command:?} does not print text"))?;
    Ok(text.trim().to_owned())
}

/// Obtains the token of every credential and finds the methods that need it.
pub(super) async fn resolve(
    config: &Config,
    flags: &[String],
    contract: &Contract,
    probe: &Probe,
    timeout: Duration,
) -> anyhow::Result<ResolvedCredentials> {
    let mut found = ResolvedCredentials {
        sources: Vec::new(),
        metadata: Vec::new(),
        credentials: Vec::new(),
        certificates: Vec::new(),
        headers: Vec::new(),
        callers: BTreeMap::new(),
    };
    let configured = configured_credentials(config, flags)?;
    let first_callers = configured
        .iter()
        .filter(|it| it.credential.kind.is_none() && it.credential.cert.is_none());
    let names: Vec<String> = first_callers.map(|named| named.name.clone()).collect();
    for named in configured {
        let key = &named.key;
        for (index, glob) in named.credential.methods.iter().enumerate() {
            let key = format!("{key}.methods.{index}");
            check_glob_matches(glob, contract).with_config_location(config, &key)?;
        }
        let certificate = named.credential.certificate(&named.name);
        if let Some(files) = certificate.with_config_location(config, key)? {
            let of = (named.name.as_str(), &named.credential);
            let certificate = certificates::resolve(of, files, config, contract)?;
            found.certificates.push(certificate);
            continue;
        }
        let kind = named.credential.kind.clone();
        let kind_or_name = kind.as_deref().unwrap_or(&named.name);
        let headers = headers_with_methods(kind_or_name, &named.credential, &names, contract)
            .with_config_location(config, key)?;
        let (token, redacted, source) = token(&named, config, contract, (probe, timeout)).await?;
        let refreshable = source.is_some().then(|| named.name.clone());
        if kind.is_none()
            && let (Some(source), Some((template, _))) = (source, headers.first())
        {
            found.sources.push(RefreshableCredential {
                named: named.clone(),
                template: template.clone(),
                source,
            });
        }
        for (template, methods) in headers {
            let header = with_token(&named, &template, (&token, &redacted));
            let (sent, redacted) = header.with_config_location(config, &format!("{key}.header"))?;
            found.credentials.push(CredentialHeader {
                name: named.name.clone(),
                kind: kind.clone(),
                key: sent.name.clone(),
                value: sent.value.clone().into_bytes(),
            });
            let header = UnexpandedHeader {
                name: sent.name.clone(),
                value: redacted,
                methods: Some(methods.clone()),
                key: String::new(),
            };
            let header = (header, named.folder.clone());
            let callers = &mut found.callers;
            let of_caller = callers.entry(named.name.clone());
            of_caller.or_insert_with(|| header.clone());
            if kind.is_some() {
                continue;
            }
            found.metadata.push(Metadata {
                key: sent.name,
                value: sent.value.into_bytes(),
                methods: Some(methods),
                refreshable: refreshable.clone(),
            });
            found.headers.push(header);
        }
    }
    Ok(found)
}

/// The token, the text that reports show instead of it, and where to obtain it again.
async fn token(
    named: &NamedCredential,
    config: &Config,
    contract: &Contract,
    (probe, timeout): (&Probe, Duration),
) -> anyhow::Result<(String, String, Option<TokenCall>)> {
    let NamedCredential {
        name, folder, key, ..
    } = named;
    let source = named.credential.source(name);
    let (source, part) = match source.with_config_location(config, key)? {
        TokenSource::Token(token) => {
            let expanded =
                expand(token, folder).with_config_location(config, &format!("{key}.token"))?;
            return Ok((expanded, token.to_owned(), None));
        }
        TokenSource::Call(call) => {
            let purpose = format!("the credential {name}");
            let call = PreparedCall::new(contract, call, config, (key, purpose))?;
            (TokenCall::Call(Box::new(call)), "call")
        }
        TokenSource::Command(command) => {
            let (command, folder) = (command.to_owned(), folder.clone());
            (TokenCall::Command { command, folder }, "command")
        }
    };
    let token = source.token(probe, timeout).await;
    let token = match &source {
        // Its errors have their location already.
        TokenCall::Call(_) => token?,
        TokenCall::Command { .. } => {
            token.with_config_location(config, &format!("{key}.{part}"))?
        }
    };
    let redacted = format!("${{{}_TOKEN}}", variable_name(name));
    Ok((token, redacted, Some(source)))
}

/// The header with the token in it, and its value without secrets.
fn with_token(
    named: &NamedCredential,
    template: &str,
    (token, redacted): (&str, &str),
) -> anyhow::Result<(Header, String)> {
    let name = &named.name;
    let Some((key, value)) = template.split_once(':') else {
        bail!("credentials.{name}: header {template:?} is not of the form 'key: value'");
    };
    // The token itself is not expanded, even if it contains `${` or begins with `@`.
    let text = value.trim().replace(TOKEN_PLACEHOLDER, token);
    let header = Header::new(key.trim(), &escape_for_expansion(&text), &named.folder)?;
    Ok((header, redacted_value(value.trim(), redacted, name)))
}

/// All credentials. A token of the command line replaces the token or call of the
/// configuration; header and methods stay.
fn configured_credentials(
    config: &Config,
    flags: &[String],
) -> anyhow::Result<Vec<NamedCredential>> {
    let mut credentials: BTreeMap<String, NamedCredential> = BTreeMap::new();
    for (name, credential) in &config.file.credentials {
        let named = NamedCredential {
            name: name.clone(),
            credential: credential.clone(),
            folder: config.folder(),
            key: format!("credentials.{name}"),
        };
        credentials.insert(name.clone(), named);
    }
    for flag in flags {
        let Some((name, token)) = flag.split_once('=') else {
            bail!("--credential {flag:?} is not of the form NAME=TOKEN");
        };
        let configured = credentials.remove(name).map(|named| named.credential);
        let configured = configured.unwrap_or_default();
        let credential = Credential {
            token: Some(token.to_owned()),
            header: configured.header,
            kind: configured.kind,
            methods: configured.methods,
            ..Credential::default()
        };
        let named = NamedCredential {
            name: name.to_owned(),
            credential,
            folder: PathBuf::new(),
            key: String::new(),
        };
        credentials.insert(name.to_owned(), named);
    }
    Ok(credentials.into_values().collect())
}

/// The alternative of a method for which a credential is sent: the first that names it,
/// unless a credential of an earlier alternative occupies the same header.
fn alternative_for<'c>(method: &'c Method, name: &str, names: &[String]) -> Option<&'c Access> {
    let mut alternatives = method.access.iter();
    let index = alternatives.position(|access| access.credential_names().contains(&name))?;
    let (earlier, access) = (&method.access[..index], &method.access[index]);
    let occupied = earlier.iter().any(|earlier| {
        let accepted = earlier.credential_names();
        let mut configured = names.iter();
        earlier.metadata_key == access.metadata_key
            && configured.any(|name| accepted.contains(&name.as_str()))
    });
    (!occupied).then_some(access)
}

/// The header templates of a credential, each with a glob of the methods that get it.
fn headers_with_methods(
    name: &str,
    credential: &Credential,
    names: &[String],
    contract: &Contract,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut by_header: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for method in contract.methods() {
        let Some(access) = alternative_for(method, name, names) else {
            continue;
        };
        let header = credential.header.clone();
        let header = header
            .unwrap_or_else(|| format!("{}: Bearer {TOKEN_PLACEHOLDER}", access.metadata_key));
        let path = method.path.trim_start_matches('/').to_owned();
        by_header.entry(header).or_default().push(path);
    }
    if !credential.methods.is_empty() {
        let header = credential.header.clone();
        let header = header.unwrap_or_else(|| format!("authorization: Bearer {TOKEN_PLACEHOLDER}"));
        let methods = by_header.entry(header).or_default();
        methods.extend(credential.methods.iter().map(|glob| path_glob(glob)));
    }
    if by_header.is_empty() {
        bail!(applies_to_no_method(name, contract));
    }
    let joined = by_header
        .into_iter()
        .map(|(header, methods)| match methods.as_slice() {
            [only] => (header, only.clone()),
            several => (header, format!("{{{}}}", several.join(","))),
        });
    Ok(joined.collect())
}

/// The error of a credential that no method needs.
pub(super) fn applies_to_no_method(name: &str, contract: &Contract) -> String {
    let accesses = contract.methods().flat_map(|it| &it.access);
    let required: Vec<&str> = accesses.flat_map(Access::credential_names).collect();
    let near = did_you_mean(name, &required);
    format!(
        "credentials.{name} applies to no method: no method requires it by (proofread.v1.access); list its methods under `methods`{near}"
    )
}

/// Escapes a text so that [`expand`] returns it unchanged.
fn escape_for_expansion(text: &str) -> String {
    let text = text.replace("${", "$${");
    match text.strip_prefix('@') {
        Some(rest) => format!("@@{rest}"),
        None => text,
    }
}

/// The value for reports: a literal token is replaced by a variable, since it is a secret;
/// a reference to a variable or a file stays.
fn redacted_value(template: &str, token: &str, name: &str) -> String {
    let redacted = match token {
        token if token.contains("${") || token.starts_with('@') => token.to_owned(),
        _ => format!("${{{}_TOKEN}}", variable_name(name)),
    };
    template.replace(TOKEN_PLACEHOLDER, &redacted)
}

/// `session-token` becomes `SESSION_TOKEN`.
fn variable_name(name: &str) -> String {
    let name = name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' });
    name.collect::<String>().to_ascii_uppercase()
}
