//! Why an image could not be read.

use std::{io, path::PathBuf};

/// How to make an image that has everything; part of the messages that tell of
/// one that has not.
const HOW_TO_BUILD: &str = "build one with `buf build --as-file-descriptor-set -o contract.binpb` \
     or `protoc --include_imports --include_source_info --descriptor_set_out=contract.binpb`";

/// Why an image of a contract could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The file could not be read.
    #[error("can't read the contract {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The file was read, but it is no image; says which file.
    #[error("{} is no usable contract", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with its bytes.
        source: Box<ContractError>,
    },

    /// The bytes are something else than a `FileDescriptorSet`.
    #[error("the bytes are not a FileDescriptorSet ({0}); {HOW_TO_BUILD}")]
    NotAnImage(String),

    /// The bytes end too early.
    #[error(
        "the FileDescriptorSet is cut off: after byte {at} it promises {promised} bytes and has {left}; \
         build or fetch it again"
    )]
    Truncated {
        /// Where the entry begins that is not complete.
        at: usize,
        /// How long that entry says it is.
        promised: u64,
        /// How many bytes there are.
        left: usize,
    },

    /// There is nothing in it.
    #[error("the FileDescriptorSet holds no files; {HOW_TO_BUILD}")]
    Empty,

    /// The image does not hold everything that its files import.
    #[error("the FileDescriptorSet lacks {}; {HOW_TO_BUILD}", .0.join(", "))]
    MissingImports(Vec<String>),

    /// A file is written in a syntax that cannot be read.
    #[error("{file} is written in {syntax:?}; proto2, proto3 and edition 2023 can be read")]
    Syntax {
        /// The file.
        file: String,
        /// What its syntax line says.
        syntax: String,
    },

    /// The files contradict each other or themselves.
    #[error("the FileDescriptorSet does not fit together: {0}")]
    Inconsistent(String),

    /// An option of proofread or a rule of protovalidate cannot be decoded.
    #[error("can't decode {option} of {element}: {cause}")]
    Option {
        /// The full name of the option: `buf.validate.field`.
        option: String,
        /// The full name of the field, message, method or service.
        element: String,
        /// What is wrong.
        cause: String,
    },
}
