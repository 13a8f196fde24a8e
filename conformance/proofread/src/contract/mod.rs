//! Reads a contract from an image: a `FileDescriptorSet` with all imports, as
//! `buf build` and `protoc` write it.
//!
//! The options of `proofread.v1` and the rules of `buf.validate` are looked up as
//! extensions in the image itself. Contracts that import neither can be read too.

mod access;
mod comments;
mod descriptor_messages;
mod error;
mod feature_reader;
mod features;
mod field_names;
mod from_descriptors;
mod image;
mod model;
mod options;
mod rules;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
};

use image::DecodedImage;
use prost_reflect::{DescriptorPool, Kind};

pub use access::{Access, Condition, Credential};
pub(crate) use descriptor_messages::json_name;
pub use error::ContractError;
pub(crate) use features::Features;
pub(crate) use field_names::{
    is_name_conflict, original_names, with_original_names, without_name_conflicts,
};
pub use image::LeftOutFile;
pub(crate) use image::{FileIndex, index as image_index, prune, push_file, raw_files};
pub use model::{
    Code, DeclaredError, Enum, EnumValue, Extension, Field, File, Idempotency, Message, Method,
    Oneof, Package, Paging, Service,
};
pub use rules::{PredefinedRule, Rules};

/// A contract: the packages of an image, with their rules and options decoded.
#[derive(Debug, Clone)]
pub struct Contract {
    pool: DescriptorPool,
    image: Vec<u8>,
    /// The image as the pool has it; `None` if that is the same.
    rewritten: Option<Vec<u8>>,
    features: Features,
    packages: Vec<Package>,
    /// From the full name of a message to the index of its package and its index
    /// within that package.
    messages: HashMap<String, (usize, usize)>,
    enums: HashMap<String, (usize, usize)>,
    left_out: Vec<LeftOutFile>,
}

impl Contract {
    /// Reads an image from a file.
    ///
    /// # Errors
    /// When the file can't be read or does not contain a valid image; see [`ContractError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ContractError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| ContractError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::decode(&bytes).map_err(|source| ContractError::File {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Reads an image from its bytes.
    ///
    /// # Errors
    /// When the bytes are not a valid image; see [`ContractError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ContractError> {
        Self::new(image::decode(bytes)?, Vec::new())
    }

    /// As [`Contract::decode`], but leaves out files that can't be used, and those that
    /// import them, as long as a method is left. `left_out` are files that could not be
    /// compiled.
    ///
    /// # Errors
    /// As [`Contract::decode`].
    pub fn decode_usable(
        bytes: &[u8],
        mut left_out: Vec<LeftOutFile>,
    ) -> Result<Self, ContractError> {
        let error = match image::decode(bytes) {
            Ok(decoded) => return Self::new(decoded, left_out),
            Err(error) => error,
        };
        let (decoded, unusable) = image::decode_usable(bytes)?;
        left_out.extend(unusable);
        let contract = Self::new(decoded, left_out)?;
        if contract.methods().next().is_some() {
            Ok(contract)
        } else {
            Err(error)
        }
    }

    fn new(decoded: DecodedImage, left_out: Vec<LeftOutFile>) -> Result<Self, ContractError> {
        let DecodedImage {
            pool,
            image,
            rewritten,
            features,
        } = decoded;
        let packages = from_descriptors::packages(&pool)?;
        let mut messages = HashMap::new();
        let mut enums = HashMap::new();
        for (package_index, package) in packages.iter().enumerate() {
            for (index, message) in package.messages.iter().enumerate() {
                messages.insert(message.full_name.clone(), (package_index, index));
            }
            for (index, enumeration) in package.enums.iter().enumerate() {
                enums.insert(enumeration.full_name.clone(), (package_index, index));
            }
        }
        Ok(Self {
            pool,
            image,
            rewritten,
            features,
            packages,
            messages,
            enums,
            left_out,
        })
    }

    /// The files that are not part of the contract because they can't be used.
    pub fn left_out(&self) -> &[LeftOutFile] {
        &self.left_out
    }

    /// The descriptors of the contract, of protobuf and of protovalidate.
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The encoded `FileDescriptorSet`, as it was given.
    pub fn image(&self) -> &[u8] {
        &self.image
    }

    /// The encoded `FileDescriptorSet`, with files of editions rewritten for libraries that
    /// know only proto2 and proto3.
    pub(crate) fn image_without_editions(&self) -> &[u8] {
        self.rewritten.as_deref().unwrap_or(&self.image)
    }

    /// What the descriptors do not say about the encoding of messages.
    pub(crate) fn features(&self) -> &Features {
        &self.features
    }

    /// All packages, sorted by name, without those of protobuf and protovalidate.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// All services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.packages.iter().flat_map(|package| &package.services)
    }

    /// All methods.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.services().flat_map(|service| &service.methods)
    }

    /// All messages.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.packages.iter().flat_map(|package| &package.messages)
    }

    /// The message with this full name. `None` for messages of protobuf itself, such
    /// as `google.protobuf.Timestamp`: they are treated as values, not as structures.
    pub fn message(&self, full_name: &str) -> Option<&Message> {
        let (package, index) = self.messages.get(full_name)?;
        self.packages.get(*package)?.messages.get(*index)
    }

    /// The enum with this full name.
    pub fn enumeration(&self, full_name: &str) -> Option<&Enum> {
        let (package, index) = self.enums.get(full_name)?;
        self.packages.get(*package)?.enums.get(*index)
    }

    /// The message type of a field, of the items of a list, or of the values of a map.
    pub fn message_in(&self, field: &Field) -> Option<&Message> {
        match field.value_kind() {
            Kind::Message(message) => self.message(message.full_name()),
            _ => None,
        }
    }

    /// The full names of all messages that can be part of a request: the request
    /// messages and everything that is reachable through their fields.
    pub fn request_messages(&self) -> BTreeSet<&str> {
        let requests = self.methods().map(|method| method.request.as_str());
        let mut pending: Vec<&Message> = requests.filter_map(|name| self.message(name)).collect();
        let mut reached = BTreeSet::new();
        while let Some(message) = pending.pop() {
            if reached.insert(message.full_name.as_str()) {
                let fields = message.fields.iter();
                pending.extend(fields.filter_map(|field| self.message_in(field)));
            }
        }
        reached
    }
}

/// Whether a package belongs to protobuf, protovalidate or the annotations of Google APIs, not to
/// a contract.
fn is_tool_package(package: &str) -> bool {
    [
        "google.protobuf",
        "google.protobuf.compiler",
        "google.api",
        "buf.validate",
    ]
    .contains(&package)
}
