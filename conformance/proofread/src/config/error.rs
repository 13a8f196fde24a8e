//! The errors of reading a configuration. Each message is one line with the location.

use std::{io, path::PathBuf};

use crate::suggest::did_you_mean;

/// An error of reading a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
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
        /// The keys that are allowed there.
        known: Vec<String>,
    },

    /// The text is not valid TOML or YAML, or a value has the wrong type.
    #[error("{}:{line}: {message}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },

    /// The file extension is neither TOML nor YAML.
    #[error("{}: a configuration file must end in .toml, .yaml or .yml", .0.display())]
    UnknownExtension(PathBuf),

    /// A value uses an environment variable that is not set.
    #[error("{text:?} uses the environment variable {name}, which is not set")]
    UnsetVariable {
        /// The value that uses it.
        text: String,
        /// The name of the variable.
        name: String,
    },

    /// `${` without the closing `}`.
    #[error("{0:?} has ${{ without a closing }}")]
    UnclosedVariable(String),

    /// A file that `@file` names can't be read.
    #[error("can't read {}, named by {text:?}", .path.display())]
    ReadValueFile {
        /// The value that names the file.
        text: String,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// A header that is not of the form `key: value`, or has characters that HTTP forbids.
    #[error("header {0:?}: {1}")]
    Header(String, String),

    /// A glob of methods that is invalid or matches no method.
    #[error("{0}")]
    MethodGlob(String),

    /// A value that contradicts another value.
    #[error("{key}: {message}")]
    InvalidValue {
        /// The full key: `credentials.operator`.
        key: String,
        /// What is wrong.
        message: String,
    },
}
