//! What is shown to methods that ask for it: tokens that are known, or that a call
//! such as SignIn answers.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use prost_reflect::{DynamicMessage, Value as Field};
use serde_json::Value;

use super::connection::Written;
use crate::{
    config::{Config, Credential, Header, Source, expand},
    contract::Contract,
    explain,
    judge::describe,
    outcome::Outcome,
    probe::{Metadata, Probe, RawBody},
};

/// Where the token stands in a header.
const PLACE: &str = "{token}";

/// A credential, from the configuration or the command line.
struct Named {
    name: String,
    credential: Credential,
    /// To which its files are relative.
    folder: PathBuf,
}

/// The metadata that credentials make, and the same as it may be shown.
pub(super) struct Credentials {
    pub(super) metadata: Vec<Metadata>,
    pub(super) written: Vec<(Written, PathBuf)>,
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
        let Named {
            name,
            credential,
            folder,
        } = &named;
        let places = places(name, credential, contract)?;
        let (token, shown) = match credential.source(name)? {
            Source::Token(token) => (expand(token, folder)?, token.to_owned()),
            Source::Call {
                method,
                request,
                field,
            } => {
                let request = expanded(&request, folder)?;
                let token = call(contract, probe, (method, &request, field), timeout)
                    .await
                    .with_context(|| format!("can't get the credential {name}"))?;
                (token, format!("${{{}_TOKEN}}", variable(name)))
            }
        };
        for (template, methods) in places {
            let Some((key, value)) = template.split_once(':') else {
                bail!("credentials.{name}: header {template:?} is not of the form 'key: value'");
            };
            // What a token holds is not expanded, whatever it looks like.
            let text = value.trim().replace(PLACE, &token);
            let checked = Header::new(key.trim(), &escaped(&text), folder)?;
            found.metadata.push(Metadata {
                key: checked.name.clone(),
                value: checked.value.into_bytes(),
                methods: Some(methods.clone()),
            });
            let header = Written {
                name: checked.name,
                value: shown_value(value.trim(), &shown, name),
                methods: Some(methods),
            };
            found.written.push((header, folder.clone()));
        }
    }
    Ok(found)
}

/// Those of the command line replace those of the configuration.
fn all(config: &Config, flags: &[String]) -> anyhow::Result<Vec<Named>> {
    let mut all: BTreeMap<String, Named> = BTreeMap::new();
    for (name, credential) in &config.file.credentials {
        let named = Named {
            name: name.clone(),
            credential: credential.clone(),
            folder: config.folder(),
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
        methods.extend(credential.methods.iter().cloned());
    }
    if by_header.is_empty() {
        bail!(
            "credentials.{name} is for no method: none asks for it by (proofread.v1.access); say which in methods"
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

/// The strings of a request may be `@file` and may hold `${NAME}`.
fn expanded(request: &Value, folder: &std::path::Path) -> anyhow::Result<Value> {
    Ok(match request {
        Value::String(text) => Value::String(expand(text, folder)?),
        Value::Array(items) => {
            let items = items.iter().map(|item| expanded(item, folder));
            Value::Array(items.collect::<anyhow::Result<_>>()?)
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), expanded(value, folder)?)));
            Value::Object(fields.collect::<anyhow::Result<_>>()?)
        }
        other => other.clone(),
    })
}

async fn call(
    contract: &Contract,
    probe: &Probe,
    (method, request, field): (&str, &Value, &str),
    timeout: Duration,
) -> anyhow::Result<String> {
    let method = explain::find(contract, method)?;
    let request = DynamicMessage::deserialize(method.descriptor.input(), request)
        .with_context(|| format!("the request is no {}", method.request))?;
    let body = RawBody::messages([&request]);
    let outcome = probe.call(&method.path, &[], body, timeout).await;
    let message = match &outcome {
        Outcome::Answered(answer) if answer.grpc_code() == Some(0) => answer.messages.first(),
        _ => None,
    };
    let Some(message) = message else {
        bail!("{} answers {}", method.path, describe(&outcome));
    };
    let message = DynamicMessage::decode(method.descriptor.output(), message.clone())
        .with_context(|| format!("the answer of {} is no {}", method.path, method.response))?;
    match text_at(&message, field) {
        Some(token) if !token.is_empty() => Ok(token),
        _ => bail!("the answer of {} has no text in {field:?}", method.path),
    }
}

/// The text at a path such as `session.token`.
fn text_at(message: &DynamicMessage, path: &str) -> Option<String> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let value = message.get_field_by_name(name)?.into_owned();
    match (value, rest) {
        (Field::Message(nested), Some(rest)) => text_at(&nested, rest),
        (Field::String(text), None) => Some(text),
        _ => None,
    }
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
