//! Errors of reading a contract image.

use std::{io, path::PathBuf};

use super::features::EDITIONS;

/// How to build a complete image; part of the messages about an incomplete one.
const HOW_TO_BUILD: &str = "build one with `buf build --as-file-descriptor-set -o contract.binpb` \
     or `protoc --include_imports --include_source_info --descriptor_set_out=contract.binpb`";

/// An image of a contract could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The file could not be read.
    #[error("can't read the contract {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The file was read, but it does not contain a valid image.
    #[error("{} is not a usable contract", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: Box<ContractError>,
    },

    /// The bytes are not a `FileDescriptorSet`. Holds the decoding error.
    #[error("the bytes are not a FileDescriptorSet ({0}); {HOW_TO_BUILD}")]
    NotAnImage(String),

    /// The bytes end in the middle of a file entry.
    #[error(
        "the FileDescriptorSet is cut off: the entry at byte {offset} declares {declared} bytes, but only {remaining} remain; \
         build or download it again"
    )]
    Truncated {
        /// The position of the incomplete entry, in bytes.
        offset: usize,
        /// The length that the entry declares, in bytes.
        declared: u64,
        /// The number of bytes that follow.
        remaining: usize,
    },

    /// The set contains no files.
    #[error("the FileDescriptorSet contains no files; {HOW_TO_BUILD}")]
    Empty,

    /// The image lacks files that its files import. Holds their names.
    #[error("the FileDescriptorSet lacks {}; {HOW_TO_BUILD}", .0.join(", "))]
    MissingImports(Vec<String>),

    /// A file uses a syntax that is not supported.
    #[error(
        "{file} uses {syntax}; proto2, proto3 and the editions {} are supported",
        editions()
    )]
    UnsupportedSyntax {
        /// The file.
        file: String,
        /// Its syntax, or the number of its edition.
        syntax: String,
    },

    /// A file combines features of an edition that can't be read together.
    #[error("{file} can't be read: {reason}")]
    UnsupportedFeatures {
        /// The file.
        file: String,
        /// The features, and the library that can't read them.
        reason: String,
    },

    /// The files contradict each other or themselves: a type is missing, for example.
    #[error("the FileDescriptorSet is inconsistent: {0}")]
    Inconsistent(String),

    /// An option of proofread or a rule of protovalidate cannot be decoded.
    #[error("can't decode {option} of {element}: {cause}")]
    InvalidOption {
        /// The full name of the option, such as `buf.validate.field`.
        option: String,
        /// The full name of the field, message, method or service.
        element: String,
        /// The decoding error.
        cause: String,
    },
}

/// The supported editions: `2023 and 2024`.
fn editions() -> String {
    EDITIONS.map(|(_, name)| name).join(" and ")
}
