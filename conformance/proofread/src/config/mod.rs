//! The configuration file: `proofread.toml` or `proofread.yaml`.
//!
//! Flags override the file. An unknown key is an error, since a misspelled setting would
//! otherwise be ignored silently. Paths in the file are relative to its folder.

mod baseline;
mod config_file;
mod credential;
mod error;
mod expand;
mod fixture;
mod header;
mod human_duration;
mod key_lines;
mod method_selection;
mod parse;
mod setup_call;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use baseline::Baseline;
pub(crate) use baseline::toml_string;
pub(crate) use config_file::one_or_many;
pub use config_file::{ConfigFile, MethodSettings, Tls};
pub use credential::{Credential, TokenSource};
pub use error::ConfigError;
pub(crate) use expand::value_file;
pub use expand::{expand, expand_in_call};
pub use fixture::Fixture;
pub use header::Header;
pub use human_duration::HumanDuration;
pub use method_selection::{MethodSelection, check_glob_matches, path_glob};
pub use setup_call::SetupCall;

use key_lines::KeyLines;

/// The file names that are tried in the working folder, in this order.
pub const FILE_NAMES: [&str; 3] = ["proofread.toml", "proofread.yaml", "proofread.yml"];

/// A configuration and its path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The path of the file; `None` if there is no configuration.
    pub path: Option<PathBuf>,
    /// The content of the file; all defaults if there is none.
    pub file: ConfigFile,
    lines: KeyLines,
}

impl Config {
    /// Reads the given file. Without one, reads the file in the working folder; if there
    /// is none, all settings keep their defaults.
    ///
    /// # Errors
    /// If the file can't be read or is invalid.
    pub fn find(path: Option<&Path>) -> Result<Self, ConfigError> {
        match path {
            Some(path) => Self::open(path),
            None => match FILE_NAMES.iter().map(Path::new).find(|path| path.is_file()) {
                Some(path) => Self::open(path),
                None => Ok(Self::default()),
            },
        }
    }

    /// Reads a file; its extension decides between TOML and YAML.
    ///
    /// # Errors
    /// If the file can't be read or is invalid.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let (file, lines) = parse::parse(path, &text)?;
        Ok(Self {
            path: Some(path.to_owned()),
            file,
            lines,
        })
    }

    /// The file and line of a full key: `proofread.toml:12`. A full key includes its
    /// tables, joined by dots; an item of a list has its index: `include.0`.
    pub fn location(&self, key: &str) -> Option<String> {
        let path = self.path.as_deref()?.display();
        let line = self.lines.line_of(key)?;
        Some(format!("{path}:{line}"))
    }

    /// Converts a path in the file, which is relative to the folder of the file.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match self.path.as_deref().and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    /// The folder to which `@file` in the configuration is relative.
    pub fn folder(&self) -> PathBuf {
        self.resolve(Path::new(""))
    }
}
