//! Decodes the bytes of an image into a descriptor pool, with a separate error for
//! each kind of invalid input.

use std::collections::BTreeSet;

use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint},
};
use prost_protovalidate::normalize_edition_descriptor_set;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use super::ContractError;

/// Decodes an image. Also returns the bytes that were decoded, in which files of
/// edition 2023 are rewritten as proto3, because prost-reflect does not read editions.
pub(super) fn decode(bytes: &[u8]) -> Result<(DescriptorPool, Vec<u8>), ContractError> {
    check_entries(bytes)?;
    let bytes = normalize_edition_descriptor_set(bytes);
    let image = FileDescriptorSet::decode(bytes.as_slice())
        .map_err(|error| ContractError::NotAnImage(error.to_string()))?;
    check_files(&image)?;
    let pool = DescriptorPool::decode(bytes.as_slice())
        .map_err(|error| ContractError::Inconsistent(error.to_string()))?;
    Ok((pool, bytes))
}

/// Checks the top-level entries. A set is a sequence of files (field 1); images built
/// by buf and protoc contain no other field on this level.
fn check_entries(bytes: &[u8]) -> Result<(), ContractError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        let key = decode_key(&mut rest);
        if !matches!(key, Ok((1, WireType::LengthDelimited))) {
            let message = format!("byte {offset} is not the start of a file entry");
            return Err(ContractError::NotAnImage(message));
        }
        let declared = decode_varint(&mut rest).map_err(|_| ContractError::Truncated {
            offset,
            declared: 1,
            remaining: 0,
        })?;
        match usize::try_from(declared)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
        {
            Some((_, after)) => rest = after,
            None => {
                return Err(ContractError::Truncated {
                    offset,
                    declared,
                    remaining: rest.len(),
                });
            }
        }
    }
    Ok(())
}

fn check_files(image: &FileDescriptorSet) -> Result<(), ContractError> {
    if image.file.is_empty() {
        return Err(ContractError::Empty);
    }
    let present: BTreeSet<&str> = image.file.iter().map(|file| file.name()).collect();
    let imported = image.file.iter().flat_map(|file| &file.dependency);
    let missing: BTreeSet<&String> = imported
        .filter(|name| !present.contains(name.as_str()))
        .collect();
    if !missing.is_empty() {
        let missing = missing.into_iter().cloned().collect();
        return Err(ContractError::MissingImports(missing));
    }
    for file in &image.file {
        if !matches!(file.syntax(), "" | "proto2" | "proto3") {
            return Err(ContractError::UnsupportedSyntax {
                file: file.name().to_owned(),
                syntax: file.syntax().to_owned(),
            });
        }
    }
    Ok(())
}
