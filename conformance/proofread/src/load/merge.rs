//! Merges several images into one.

use std::{collections::BTreeMap, path::Path};

use prost::Message;
use prost_types::FileDescriptorProto;

use super::{Image, LoadError};
use crate::contract::{image_index, push_file, raw_files};

/// Merges images, each with the path that it comes from. A file that several of them have
/// must be the same in all.
pub(super) fn merge(mut images: Vec<(&Path, Image)>) -> Result<Image, LoadError> {
    if images.len() == 1
        && let Some((_, only)) = images.pop()
    {
        return Ok(only);
    }
    let mut merged = Image::default();
    let mut first: BTreeMap<String, (&Path, &[u8])> = BTreeMap::new();
    for (path, image) in &images {
        merged.left_out.extend(image.left_out.iter().cloned());
        let index = image_index(&image.bytes)?;
        for (file, raw) in index.into_iter().zip(raw_files(&image.bytes)) {
            match first.get(&file.name) {
                Some((_, known)) if is_same(known, raw) => {}
                Some((other, _)) => {
                    return Err(LoadError::Conflict {
                        file: file.name,
                        first: (*other).to_owned(),
                        second: (*path).to_owned(),
                    });
                }
                None => {
                    push_file(&mut merged.bytes, raw);
                    first.insert(file.name, (path, raw));
                }
            }
        }
    }
    Ok(merged)
}

/// Whether two files are the same except for source info and default JSON names, which
/// depend on the tool.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    let definitions = |raw: &[u8]| {
        let mut file = FileDescriptorProto::decode(raw).ok()?;
        file.source_code_info = None;
        for message in &mut file.message_type {
            clear_json_names(message);
        }
        for extension in &mut file.extension {
            extension.json_name = None;
        }
        Some(file)
    };
    left == right || definitions(left) == definitions(right)
}

fn clear_json_names(message: &mut prost_types::DescriptorProto) {
    for field in message.field.iter_mut().chain(&mut message.extension) {
        field.json_name = None;
    }
    message.nested_type.iter_mut().for_each(clear_json_names);
}
