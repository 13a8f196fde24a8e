//! Fields whose names differ only in case or underscores. protoc and buf accept them if their
//! JSON names differ; prost-reflect refuses them outside of proto2, so all but the first get
//! another name while a contract is read.

use std::{borrow::Cow, collections::HashSet};

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};

use super::{
    descriptor_messages::{decode, elements, json_name, number, text},
    image::{push_file, raw_files},
};

/// Between the name of a field and its number in the other name.
const MARK: &str = "_proofread_case_";

/// The error of prost-reflect about such names.
pub(crate) fn is_name_conflict(error: &impl ToString) -> bool {
    error.to_string().contains("camel-case name of field")
}

/// A file in which no two fields of a message have names that differ only in case or
/// underscores.
///
/// # Errors
/// When the bytes are no file.
pub(crate) fn without_name_conflicts(file: &[u8]) -> Result<Vec<u8>, String> {
    let mut file = decode(file)?;
    for message in elements(&mut file, "message_type") {
        rename(message);
    }
    Ok(file.encode_to_vec())
}

fn rename(message: &mut DynamicMessage) {
    let mut seen = HashSet::new();
    for field in elements(message, "field") {
        let name = text(field, "name");
        let folded: String = name.chars().filter(|it| *it != '_').collect();
        if !seen.insert(folded.to_ascii_lowercase()) {
            if !field.has_field_by_name("json_name") {
                field.set_field_by_name("json_name", Value::String(json_name(&name)));
            }
            let other = format!("{name}{MARK}{}", number(field, "number"));
            field.set_field_by_name("name", Value::String(other));
        }
    }
    for nested in elements(message, "nested_type") {
        rename(nested);
    }
}

/// An image with the names that the fields have in the contract. Files that can't be decoded
/// stay as they are.
pub(crate) fn with_original_names(image: &[u8]) -> Vec<u8> {
    let mut restored = Vec::new();
    for raw in raw_files(image) {
        let renamed = raw.windows(MARK.len()).any(|it| it == MARK.as_bytes());
        let file = decode(raw).ok().filter(|_| renamed).map(|mut file| {
            elements(&mut file, "message_type").for_each(restore);
            file.encode_to_vec()
        });
        push_file(&mut restored, file.as_deref().unwrap_or(raw));
    }
    restored
}

fn restore(message: &mut DynamicMessage) {
    for field in elements(message, "field") {
        let name = original_names(&text(field, "name")).into_owned();
        field.set_field_by_name("name", Value::String(name));
    }
    elements(message, "nested_type").for_each(restore);
}

/// A name or a path with the names that the fields have in the contract.
pub(crate) fn original_names(path: &str) -> Cow<'_, str> {
    if !path.contains(MARK) {
        return Cow::Borrowed(path);
    }
    let mut parts = path.split(MARK);
    let mut original = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        original.push_str(part.trim_start_matches(|it: char| it.is_ascii_digit()));
    }
    Cow::Owned(original)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_restored_anywhere_in_a_path() {
        let path = "Items_proofread_case_2[3].Name_proofread_case_17.x";
        assert_eq!(original_names(path), "Items[3].Name.x");
        assert_eq!(original_names("a.b"), "a.b");
    }
}
