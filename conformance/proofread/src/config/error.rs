//! Why a configuration can't be used. Each error is one line and says where.

use std::{io, path::PathBuf};

use crate::suggest::did_you_mean;

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A key that proofread does not know.
    #[error("{}:{line}: unknown key {key:?}{}", .path.display(), did_you_mean(.key, .known))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The keys that are known in this place.
        known: Vec<String>,
    },

    /// It is not TOML or YAML, or a value is not of the kind that is expected.
    #[error("{}:{line}: {message}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },

    /// A file that is neither TOML nor YAML by its name.
    #[error("{}: a configuration is named .toml, .yaml or .yml", .0.display())]
    UnknownExtension(PathBuf),

    /// A variable of the environment that is used and not set.
    #[error("{text:?} uses the environment variable {name}, which is not set")]
    UnsetVariable {
        /// Where it is used.
        text: String,
        /// Its name.
        name: String,
    },

    /// `${` without its `}`.
    #[error("{0:?} opens ${{ and does not close it")]
    UnclosedVariable(String),

    /// A file whose content would be the value.
    #[error("can't read {}, named by {text:?}", .path.display())]
    ReadValueFile {
        /// The text that names it.
        text: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A header that is not `key: value`, or can't be sent.
    #[error("header {0:?}: {1}")]
    Header(String, String),

    /// A pattern that is no glob, or matches nothing.
    #[error("{0}")]
    MethodGlob(String),

    /// A value that contradicts another one.
    #[error("{key}: {message}")]
    InvalidValue {
        /// The key, with dots.
        key: String,
        /// What is wrong.
        message: String,
    },
}
