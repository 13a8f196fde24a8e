//! Runs `buf build`, and reads the module folders from buf's configuration for the case
//! that buf is not installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use super::LoadError;

/// Builds a folder with buf. `None` if buf is not installed; the first line of buf's
/// message if it fails.
pub(super) fn build(folder: &Path) -> Option<Result<Vec<u8>, String>> {
    let mut command = Command::new("buf");
    command.arg("build").arg(folder);
    command.args(["--as-file-descriptor-set", "--output", "-"]);
    let output = command.output().ok()?;
    if output.status.success() {
        return Some(Ok(output.stdout));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut lines = stderr.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or("buf build failed without a message");
    let first = first.trim_start_matches("Failure: ");
    Some(Err(match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} (buf build reports {more} more)"),
    }))
}

/// The part of `buf.yaml` that lists the modules.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BufYaml {
    modules: Vec<Module>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Module {
    path: Option<PathBuf>,
}

/// The part of `buf.work.yaml` that lists the modules.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BufWork {
    directories: Vec<PathBuf>,
}

/// The folders to which imports are relative: the modules that `buf.yaml` or
/// `buf.work.yaml` lists, or else the folder itself.
pub(crate) fn module_roots(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let listed = match read_yaml::<BufYaml>(&folder.join("buf.yaml"))? {
        Some(yaml) => yaml.modules.into_iter().filter_map(|it| it.path).collect(),
        None => match read_yaml::<BufWork>(&folder.join("buf.work.yaml"))? {
            Some(work) => work.directories,
            None => Vec::new(),
        },
    };
    if listed.is_empty() {
        return Ok(vec![folder.to_owned()]);
    }
    Ok(listed.into_iter().map(|path| folder.join(path)).collect())
}

fn read_yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, LoadError> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    let parsed = serde_saphyr::from_str(&text).map_err(|error| LoadError::BufConfig {
        path: path.to_owned(),
        message: error.without_snippet().to_string(),
    })?;
    Ok(Some(parsed))
}
