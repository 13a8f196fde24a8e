//! Why there is no contract.

use std::{io, path::PathBuf};

use crate::contract::ContractError;

/// Why a contract could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The image is none.
    #[error(transparent)]
    Contract(#[from] ContractError),

    /// A folder or a file in it can't be read.
    #[error("can't read {}", .path.display())]
    Read {
        /// The folder or the file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// There are no protos in it.
    #[error("{} holds no .proto files; give the folder of a buf module, or an image", .0.display())]
    NoProtos(PathBuf),

    /// The `buf.yaml` of the folder is not understood.
    #[error("{}: {message}", .path.display())]
    BufConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },

    /// The protos do not compile.
    #[error("{0}")]
    Compile(String),

    /// The protos import what is not there.
    #[error("{0}; `buf build` fetches what other modules hold, an image holds everything")]
    Import(String),

    /// The server does not describe itself.
    #[error(
        "the server does not describe itself by reflection ({0}); give --contract, an image or a folder of protos"
    )]
    NoReflection(String),

    /// The server describes itself, but something is missing or damaged.
    #[error(
        "the reflection of the server is not usable: {0}; give --contract, an image or a folder of protos"
    )]
    Reflection(String),
}
