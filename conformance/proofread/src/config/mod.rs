//! The configuration: `proofread.toml` or `proofread.yaml`, and what stands in it.
//!
//! Everything that a flag says wins over the file. A key that is not known is an
//! error, since a misspelled one would otherwise be a setting that is silently not
//! in force. Paths in a file are relative to the folder of the file.

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

pub use config_file::{ConfigFile, MethodSettings, Tls};
pub use credential::{Credential, TokenSource};
pub use error::ConfigError;
pub use expand::{expand, expand_in_call};
pub use fixture::Fixture;
pub use header::Header;
pub use human_duration::HumanDuration;
pub use method_selection::{MethodSelection, check_glob_matches, path_glob};
pub use setup_call::SetupCall;

use key_lines::KeyLines;

/// The names under which a configuration is looked for in the working folder.
pub const FILE_NAMES: [&str; 3] = ["proofread.toml", "proofread.yaml", "proofread.yml"];

/// A configuration and where it comes from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file; none where there is no configuration.
    pub path: Option<PathBuf>,
    /// What it says.
    pub file: ConfigFile,
    lines: KeyLines,
}

impl Config {
    /// Reads this file, or where none is given the one in the working folder, or
    /// nothing where there is none either.
    ///
    /// # Errors
    /// When the file can't be read or says something that is not understood.
    pub fn find(path: Option<&Path>) -> Result<Self, ConfigError> {
        match path {
            Some(path) => Self::open(path),
            None => match FILE_NAMES.iter().map(Path::new).find(|path| path.is_file()) {
                Some(path) => Self::open(path),
                None => Ok(Self::default()),
            },
        }
    }

    /// Reads this file; its name tells TOML from YAML.
    ///
    /// # Errors
    /// When the file can't be read or says something that is not understood.
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

    /// Where a key stands: `proofread.toml:12`. The key is written with its tables
    /// before it, joined by dots; an item of a list by its index.
    pub fn location(&self, key: &str) -> Option<String> {
        let path = self.path.as_deref()?.display();
        let line = self.lines.line_of(key)?;
        Some(format!("{path}:{line}"))
    }

    /// A path that the file names, as seen from the working folder.
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
