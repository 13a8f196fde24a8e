//! What is shown to methods that ask for it: tokens that are known, or that a call
//! such as SignIn answers.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{anyhow, bail};

use super::{
    config_location::WithConfigLocation, connection::UnexpandedHeader, setup_call::PreparedCall,
};
use crate::{
    config::{Config, Credential, Header, TokenSource, check_glob_matches, expand, path_glob},
    contract::Contract,
    probe::{Metadata, Probe},
    suggest::did_you_mean,
};

/// Where the token stands in a header.
const PLACE: &str = "{token}";

/// A credential, from the configuration or the command line.
struct Named {
    name: String,
    credential: Credential,
    /// To which its files are relative.
    folder: PathBuf,
    /// The key of its table; empty where the command line says it.
    key: String,
}

/// The metadata that credentials make, and the same as it may be shown.
pub(super) struct Credentials {
    pub(super) metadata: Vec<Metadata>,
    pub(super) written: Vec<(UnexpandedHeader, PathBuf)>,
}

/// Finds the token of every credential and the methods that get it.
pub(super) async fn resolve(
    config: &Config,
    flags: &[String],
    contract: &Contract,
    probe: &Probe,
    timeout: Duration,
) -> anyhow::Result<Credentials> {
    let mut found = Credentials {
        metadata: Vec::new(),
        written: Vec::new(),
    };
    for named in all(config, flags)? {
        let key = &named.key;
        for (index, glob) in named.credential.methods.iter().enumerate() {
            let key = format!("{key}.methods.{index}");
            check_glob_matches(glob, contract).with_config_location(config, &key)?;
        }
        let places =
            places(&named.name, &named.credential, contract).with_config_location(config, key)?;
        let (token, shown) = token(&named, config, contract, (probe, timeout)).await?;
        for (template, methods) in places {
            let written = with_token(&named, &template, (&token, &shown));
            let (sent, shown) = written.with_config_location(config, &format!("{key}.header"))?;
            found.metadata.push(Metadata {
                key: sent.name.clone(),
                value: sent.value.into_bytes(),
                methods: Some(methods.clone()),
            });
            let header = UnexpandedHeader {
                name: sent.name,
                value: shown,
                methods: Some(methods),
                key: String::new(),
            };
            found.written.push((header, named.folder.clone()));
        }
    }
    Ok(found)
}

/// The token, and the same as it may be shown.
async fn token(
    named: &Named,
    config: &Config,
    contract: &Contract,
    (probe, timeout): (&Probe, Duration),
) -> anyhow::Result<(String, String)> {
    let Named {
        name, folder, key, ..
    } = named;
    let known = match named
        .credential
        .source(name)
        .with_config_location(config, key)?
    {
        TokenSource::Token(token) => {
            let expanded =
                expand(token, folder).with_config_location(config, &format!("{key}.token"))?;
            return Ok((expanded, token.to_owned()));
        }
        TokenSource::Call(call) => {
            let what = format!("the credential {name}");
            PreparedCall::new(contract, call, config, (key, what))?
        }
    };
    let values = known.make(probe, timeout).await?;
    let token = values.first().and_then(|it| it.as_str());
    let token = token.map(str::to_owned).ok_or_else(|| {
        let path = &known.method.path;
        anyhow!("what the answer of {path} holds there is no text")
    });
    let token = known.told(token, "field")?;
    Ok((token, format!("${{{}_TOKEN}}", variable(name))))
}

/// The header with the token in it, and its value as it may be shown.
fn with_token(
    named: &Named,
    template: &str,
    (token, shown): (&str, &str),
) -> anyhow::Result<(Header, String)> {
    let name = &named.name;
    let Some((key, value)) = template.split_once(':') else {
        bail!("credentials.{name}: header {template:?} is not of the form 'key: value'");
    };
    // What a token holds is not expanded, whatever it looks like.
    let text = value.trim().replace(PLACE, token);
    let header = Header::new(key.trim(), &escaped(&text), &named.folder)?;
    Ok((header, shown_value(value.trim(), shown, name)))
}

/// Those of the command line replace those of the configuration.
fn all(config: &Config, flags: &[String]) -> anyhow::Result<Vec<Named>> {
    let mut all: BTreeMap<String, Named> = BTreeMap::new();
    for (name, credential) in &config.file.credentials {
        let named = Named {
            name: name.clone(),
            credential: credential.clone(),
            folder: config.folder(),
            key: format!("credentials.{name}"),
        };
        all.insert(name.clone(), named);
    }
    for flag in flags {
        let Some((name, token)) = flag.split_once('=') else {
            bail!("--credential {flag:?} is not of the form NAME=TOKEN");
        };
        let known = all.remove(name).map(|named| named.credential);
        let known = known.unwrap_or_default();
        let credential = Credential {
            token: Some(token.to_owned()),
            header: known.header,
            methods: known.methods,
            ..Credential::default()
        };
        let named = Named {
            name: name.to_owned(),
            credential,
            folder: PathBuf::new(),
            key: String::new(),
        };
        all.insert(name.to_owned(), named);
    }
    Ok(all.into_values().collect())
}

/// The header and the glob of methods, for each way in which the credential is
/// shown.
fn places(
    name: &str,
    credential: &Credential,
    contract: &Contract,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut by_header: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for method in contract.methods() {
        let Some(access) = method.access.as_ref().filter(|it| it.credential == name) else {
            continue;
        };
        let header = credential.header.clone();
        let header = header.unwrap_or_else(|| format!("{}: Bearer {PLACE}", access.metadata_key));
        let path = method.path.trim_start_matches('/').to_owned();
        by_header.entry(header).or_default().push(path);
    }
    if !credential.methods.is_empty() {
        let header = credential.header.clone();
        let header = header.unwrap_or_else(|| format!("authorization: Bearer {PLACE}"));
        let methods = by_header.entry(header).or_default();
        methods.extend(credential.methods.iter().map(|glob| path_glob(glob)));
    }
    if by_header.is_empty() {
        let accesses = contract.methods().filter_map(|it| it.access.as_ref());
        let asked: Vec<&str> = accesses.map(|it| it.credential.as_str()).collect();
        let near = did_you_mean(name, &asked);
        bail!(
            "credentials.{name} is for no method: none asks for it by (proofread.v1.access); say which in methods{near}"
        );
    }
    let joined = by_header
        .into_iter()
        .map(|(header, methods)| match methods.as_slice() {
            [only] => (header, only.clone()),
            several => (header, format!("{{{}}}", several.join(","))),
        });
    Ok(joined.collect())
}

/// As [`expand`] reads it back unchanged.
fn escaped(text: &str) -> String {
    let text = text.replace("${", "$${");
    match text.strip_prefix('@') {
        Some(rest) => format!("@@{rest}"),
        None => text,
    }
}

/// A token that was written out is a secret; a variable or a file is not.
fn shown_value(template: &str, token: &str, name: &str) -> String {
    let shown = match token {
        token if token.contains("${") || token.starts_with('@') => token.to_owned(),
        _ => format!("${{{}_TOKEN}}", variable(name)),
    };
    template.replace(PLACE, &shown)
}

fn variable(name: &str) -> String {
    let name = name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' });
    name.collect::<String>().to_ascii_uppercase()
}
