//! Values that stand elsewhere: `${NAME}` in the environment, `@file` in a file.
//! Secrets so need not be written into a configuration or a command line.

use std::{env, fs, path::Path};

use super::ConfigError;

/// Replaces `${NAME}` by the environment variable, and a text that begins with `@`
/// by the content of the file that it names, without the space around it. `$${` is
/// `${`, `@@` at the beginning is `@`. What comes out is not expanded again.
///
/// # Errors
/// When a variable is not set or a file can't be read.
pub fn expand(text: &str, folder: &Path) -> Result<String, ConfigError> {
    expand_with(text, folder, |name| env::var(name).ok())
}

/// The same for the request of a call, in which `${uuid}` is also a UUID that nobody
/// has used yet: another one each time.
///
/// # Errors
/// When a variable is not set or a file can't be read.
pub fn expand_in_call(text: &str, folder: &Path) -> Result<String, ConfigError> {
    expand_with(text, folder, |name| match name {
        "uuid" => Some(uuid::Uuid::new_v4().to_string()),
        name => env::var(name).ok(),
    })
}

pub(super) fn expand_with(
    text: &str,
    folder: &Path,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, ConfigError> {
    if let Some(literal) = text.strip_prefix("@@") {
        return Ok(format!("@{}", variables(literal, text, variable)?));
    }
    let Some(name) = text.strip_prefix('@') else {
        return variables(text, text, variable);
    };
    let path = folder.join(variables(name, text, variable)?);
    let content = fs::read_to_string(&path).map_err(|source| ConfigError::ReadValueFile {
        text: text.to_owned(),
        path,
        source,
    })?;
    Ok(content.trim().to_owned())
}

fn variables(
    text: &str,
    whole: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, ConfigError> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err(ConfigError::UnclosedVariable(whole.to_owned()));
        };
        let value = variable(name).ok_or_else(|| ConfigError::UnsetVariable {
            text: whole.to_owned(),
            name: name.to_owned(),
        })?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}
