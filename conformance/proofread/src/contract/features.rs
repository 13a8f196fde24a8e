//! The features of protobuf that decide how messages are encoded and parsed. Sources:
//! protobuf's chapter "Feature Settings for Editions", and `FeatureSet` in descriptor.proto.
//!
//! prost-reflect knows proto2 and proto3, but no editions. A file of an edition is rewritten
//! as a proto2 file whose labels, types and options mean the same, or as a proto3 file if one
//! of its fields has no presence, which proto2 can't express. The features that no descriptor
//! of these two can express are collected for all files.

use std::collections::HashSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};

use super::{
    descriptor_messages::{decode, number},
    feature_reader::FileReader,
};

/// The values of `FileDescriptorProto.edition`, field 14, and their names.
pub(super) const EDITIONS: [(i32, &str); 2] = [(1000, "2023"), (1001, "2024")];

/// Features of all files that descriptors of proto2 and proto3 can't express, by the full
/// names of the elements. Files of proto3 have none of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Features {
    /// The enums without unknown numbers: parsers of some languages treat an unknown number as
    /// an unknown field, others keep it.
    pub(crate) closed_enums: HashSet<String>,
    /// The string fields whose text need not be UTF-8.
    pub(crate) unvalidated_texts: HashSet<String>,
    /// The messages with a field that must be set: `required` of proto2, `LEGACY_REQUIRED` of
    /// editions.
    pub(crate) with_required_fields: HashSet<String>,
}

/// `google.protobuf.FeatureSet`, by the numbers of the values, without the features that
/// concern only JSON or the compiler.
#[derive(Clone, Copy)]
pub(super) struct FeatureSet {
    pub(super) field_presence: i32,
    pub(super) enum_type: i32,
    pub(super) repeated_field_encoding: i32,
    pub(super) utf8_validation: i32,
    pub(super) message_encoding: i32,
}

pub(super) const IMPLICIT: i32 = 2;
pub(super) const LEGACY_REQUIRED: i32 = 3;
pub(super) const CLOSED: i32 = 2;
pub(super) const PACKED: i32 = 1;
pub(super) const UTF8_NONE: i32 = 3;
pub(super) const DELIMITED: i32 = 2;

impl FeatureSet {
    /// What a file of proto2 means: explicit presence, closed enums, expanded lists, text that
    /// is not verified, messages with a length in front.
    const PROTO2: Self = Self {
        field_presence: 1,
        enum_type: CLOSED,
        repeated_field_encoding: 2,
        utf8_validation: UTF8_NONE,
        message_encoding: 1,
    };

    /// The defaults of editions 2023 and 2024: explicit presence, open enums, packed lists,
    /// verified text, messages with a length in front.
    const EDITION: Self = Self {
        field_presence: 1,
        enum_type: 1,
        repeated_field_encoding: PACKED,
        utf8_validation: 2,
        message_encoding: 1,
    };

    /// These features, with those that the options of an element set.
    pub(super) fn with_options_of(self, element: &DynamicMessage) -> Self {
        let options = element.get_field_by_name("options");
        let options = options.as_deref().and_then(Value::as_message);
        let set = options.and_then(|options| options.get_field_by_name("features"));
        let Some(set) = set.as_deref().and_then(Value::as_message) else {
            return self;
        };
        // Zero means unknown, or not set.
        let or = |name: &str, inherited: i32| match number(set, name) {
            0 => inherited,
            own => own,
        };
        Self {
            field_presence: or("field_presence", self.field_presence),
            enum_type: or("enum_type", self.enum_type),
            repeated_field_encoding: or("repeated_field_encoding", self.repeated_field_encoding),
            utf8_validation: or("utf8_validation", self.utf8_validation),
            message_encoding: or("message_encoding", self.message_encoding),
        }
    }
}

impl Features {
    /// Collects the features of a file of proto2.
    pub(super) fn add_proto2(&mut self, file: &[u8]) -> Result<(), String> {
        let mut file = decode(file)?;
        FileReader::new(self, false).file(&mut file, FeatureSet::PROTO2);
        Ok(())
    }

    /// Collects the features of a file of an edition, and rewrites it as proto2 or proto3.
    ///
    /// # Errors
    /// If the file has features that neither can express.
    pub(super) fn add_edition(&mut self, file: &[u8]) -> Result<Vec<u8>, String> {
        let mut file = decode(file)?;
        let mut reader = FileReader::new(self, true);
        reader.file(&mut file, FeatureSet::EDITION);
        let syntax = match (reader.without_presence, reader.without_zero) {
            (None, _) => "proto2",
            (Some(_), None) => "proto3",
            (Some(field), Some(enumeration)) => {
                return Err(format!(
                    "the enum {enumeration} does not begin with zero and the field {field} has no presence, which prost-reflect can't read in one file"
                ));
            }
        };
        file.set_field_by_name("syntax", Value::String(syntax.to_owned()));
        Ok(file.encode_to_vec())
    }
}

#[cfg(test)]
mod tests;
