//! From bytes to a descriptor pool, with one clear error for each way in which
//! bytes can be wrong.

use std::collections::BTreeSet;

use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint},
};
use prost_protovalidate::normalize_edition_descriptor_set;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use super::ContractError;

/// Decodes an image. Also answers the bytes that were decoded, in which files of
/// edition 2023 are rewritten as proto3.
pub(super) fn decode(bytes: &[u8]) -> Result<(DescriptorPool, Vec<u8>), ContractError> {
    check_frame(bytes)?;
    let bytes = normalize_edition_descriptor_set(bytes);
    let image = FileDescriptorSet::decode(bytes.as_slice())
        .map_err(|error| ContractError::NotAnImage(error.to_string()))?;
    check_files(&image)?;
    let pool = DescriptorPool::decode(bytes.as_slice())
        .map_err(|error| ContractError::Inconsistent(error.to_string()))?;
    Ok((pool, bytes))
}

/// Walks over the outermost entries. A set is a sequence of files (field 1); the
/// images of buf and protoc hold nothing else on this level.
fn check_frame(bytes: &[u8]) -> Result<(), ContractError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let key = decode_key(&mut rest);
        if !matches!(key, Ok((1, WireType::LengthDelimited))) {
            let found = format!("byte {at} is not the beginning of a file");
            return Err(ContractError::NotAnImage(found));
        }
        let promised = decode_varint(&mut rest).map_err(|_| ContractError::Truncated {
            at,
            promised: 1,
            left: 0,
        })?;
        match usize::try_from(promised)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
        {
            Some((_, after)) => rest = after,
            None => {
                return Err(ContractError::Truncated {
                    at,
                    promised,
                    left: rest.len(),
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
            return Err(ContractError::Syntax {
                file: file.name().to_owned(),
                syntax: file.syntax().to_owned(),
            });
        }
    }
    Ok(())
}
