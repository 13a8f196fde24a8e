//! The errors of loading a contract.

use std::{io, path::PathBuf};

use crate::contract::ContractError;

/// An error of loading a contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The image is invalid.
    #[error(transparent)]
    Contract(#[from] ContractError),

    /// A folder, or a file in it, can't be read.
    #[error("can't read {}", .path.display())]
    Read {
        /// The folder or the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The folder contains no protos.
    #[error("{} contains no .proto files; give the folder of a buf module, or an image", .0.display())]
    NoProtos(PathBuf),

    /// The `buf.yaml` or `buf.work.yaml` of the folder is invalid.
    #[error("{}: {message}", .path.display())]
    BufConfig {
        /// The file.
        path: PathBuf,
        /// The error of the parser.
        message: String,
    },

    /// Two contracts have a file of the same name with different content.
    #[error("{file} in {} differs from that in {}", .second.display(), .first.display())]
    Conflict {
        /// The name of the file.
        file: String,
        /// The contract that was read first.
        first: PathBuf,
        /// The other contract.
        second: PathBuf,
    },

    /// The protos do not compile.
    #[error("{0}")]
    Compile(String),

    /// A proto uses an edition, and buf is not installed.
    #[error(
        "{0}; protox, the built-in compiler, does not read editions: install buf, or give an image"
    )]
    Edition(String),

    /// The protos import a file that does not exist.
    #[error(
        "{0}; install buf, which downloads the dependencies of a module, or give an image, which contains all imports"
    )]
    Import(String),

    /// The server has no reflection service.
    #[error(
        "the server does not offer reflection ({0}); give --contract, an image or a folder of protos"
    )]
    NoReflection(String),

    /// The server has reflection, but its answers are incomplete or invalid.
    #[error(
        "the reflection of the server is not usable: {0}; give --contract, an image or a folder of protos"
    )]
    Reflection(String),
}
