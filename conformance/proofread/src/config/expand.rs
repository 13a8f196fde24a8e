//! Expands `${NAME}` to an environment variable and `@file` to the content of a file, so
//! that no secret has to be in a configuration or on a command line.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::ConfigError;

/// Replaces `${NAME}` by the environment variable, and a text that begins with `@` by the
/// content of the file, without surrounding white space. `$${` is an escaped `${`, `@@` at
/// the beginning an escaped `@`. The result is not expanded again.
///
/// `folder` is the folder to which `@file` is relative.
///
/// # Errors
/// If a variable is not set or a file can't be read.
pub fn expand(text: &str, folder: &Path) -> Result<String, ConfigError> {
    expand_with(text, folder, |name| env::var(name).ok())
}

/// Like [`expand`], for the request of a setup call, where each `${uuid}` is also replaced
/// by a new random UUID.
///
/// # Errors
/// If a variable is not set or a file can't be read.
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
        return Ok(format!("@{}", replace_variables(literal, text, variable)?));
    }
    let Some(name) = text.strip_prefix('@') else {
        return replace_variables(text, text, variable);
    };
    let path = value_file(name, folder, variable)?;
    let content = fs::read_to_string(&path).map_err(|source| ConfigError::ReadValueFile {
        text: text.to_owned(),
        path,
        source,
    })?;
    Ok(content.trim().to_owned())
}

/// The path of a file that `@file` names, with its variables replaced.
///
/// # Errors
/// If a variable is not set.
pub(crate) fn value_file(
    name: &str,
    folder: &Path,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<PathBuf, ConfigError> {
    let path = replace_variables(name, &format!("@{name}"), variable)?;
    Ok(folder.join(path))
}

fn replace_variables(
    text: &str,
    full_text: &str,
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
            return Err(ConfigError::UnclosedVariable(full_text.to_owned()));
        };
        let value = variable(name).ok_or_else(|| ConfigError::UnsetVariable {
            text: full_text.to_owned(),
            name: name.to_owned(),
        })?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}
