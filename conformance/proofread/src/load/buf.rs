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
    modules: Vec<ModuleYaml>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModuleYaml {
    path: Option<PathBuf>,
    excludes: Vec<PathBuf>,
}

/// The part of `buf.work.yaml` that lists the modules.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BufWork {
    directories: Vec<PathBuf>,
}

/// A folder to which imports are relative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) path: PathBuf,
    /// The folders in it that are not part of the module.
    pub(super) excludes: Vec<PathBuf>,
}

impl Module {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            excludes: Vec::new(),
        }
    }
}

/// The folders to which imports are relative: the modules that `buf.yaml` or
/// `buf.work.yaml` lists, or else the folder itself.
pub(crate) fn module_roots(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let modules = modules_of(folder)?.into_iter();
    let paths: Vec<PathBuf> = modules.map(|module| module.path).collect();
    Ok(if paths.is_empty() {
        vec![folder.to_owned()]
    } else {
        paths
    })
}

/// The modules of the workspace that a path is, or is part of; empty without a workspace.
pub(super) fn modules_around(path: &Path) -> Result<Vec<Module>, LoadError> {
    let around = path.ancestors().map(|folder| {
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });
    for folder in around.filter(|folder| folder.is_dir()) {
        let modules = modules_of(folder)?;
        let is_part = |module: &Module| path.starts_with(&module.path);
        if folder == path && !modules.is_empty() || modules.iter().any(is_part) {
            return Ok(modules);
        }
    }
    Ok(Vec::new())
}

/// The modules that the configuration of buf in a folder lists.
fn modules_of(folder: &Path) -> Result<Vec<Module>, LoadError> {
    let join = |path: &PathBuf| {
        if path.as_path() == Path::new(".") {
            folder.to_owned()
        } else {
            within(folder, path)
        }
    };
    if let Some(yaml) = read_yaml::<BufYaml>(&folder.join("buf.yaml"))? {
        let modules = yaml.modules.iter().filter_map(|module| {
            Some(Module {
                path: join(module.path.as_ref()?),
                excludes: module.excludes.iter().map(join).collect(),
            })
        });
        return Ok(modules.collect());
    }
    let work = read_yaml::<BufWork>(&folder.join("buf.work.yaml"))?.unwrap_or_default();
    let modules = work.directories.iter().map(|it| Module::of(&join(it)));
    Ok(modules.collect())
}

/// A path in a folder. The working folder is left out, so that the path has the same
/// beginning as one that the user gave.
fn within(folder: &Path, path: &Path) -> PathBuf {
    if folder == Path::new(".") {
        path.to_owned()
    } else {
        folder.join(path)
    }
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
