//! Walks through the elements of a file with the features that they inherit.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, Value};

use super::{
    descriptor_messages::{elements, is_map_entry, joined, number, text},
    features::{
        CLOSED, DELIMITED, FeatureSet, Features, IMPLICIT, LEGACY_REQUIRED, PACKED, UTF8_NONE,
    },
};

/// Values of `FieldDescriptorProto.Label` and `FieldDescriptorProto.Type`.
const OPTIONAL: i32 = 1;
const REQUIRED: i32 = 2;
const REPEATED: i32 = 3;
const STRING: i32 = 9;
const GROUP: i32 = 10;
const MESSAGE: i32 = 11;
const BYTES: i32 = 12;

/// Reads the elements of a file.
pub(super) struct FileReader<'f> {
    features: &'f mut Features,
    rewrites: bool,
    /// The first field without presence.
    pub(super) without_presence: Option<String>,
    /// The first enum whose first number is not zero.
    pub(super) without_zero: Option<String>,
}

impl<'f> FileReader<'f> {
    pub(super) fn new(features: &'f mut Features, rewrites: bool) -> Self {
        Self {
            features,
            rewrites,
            without_presence: None,
            without_zero: None,
        }
    }

    pub(super) fn file(&mut self, file: &mut DynamicMessage, defaults: FeatureSet) {
        let inherited = defaults.with_options_of(file);
        let package = text(file, "package");
        for message in elements(file, "message_type") {
            self.message(message, &package, inherited);
        }
        for enumeration in elements(file, "enum_type") {
            self.enumeration(enumeration, &package, inherited);
        }
        for extension in elements(file, "extension") {
            self.extension(extension, &package, inherited);
        }
    }

    fn message(&mut self, message: &mut DynamicMessage, scope: &str, inherited: FeatureSet) {
        let name = joined(scope, &text(message, "name"));
        let inherited = inherited.with_options_of(message);
        let nested = elements(message, "nested_type").filter(|it| is_map_entry(it));
        let entries: Vec<String> = nested.map(|it| joined(&name, &text(it, "name"))).collect();
        let mut features_of_entries = HashMap::new();
        for field in elements(message, "field") {
            let features = inherited.with_options_of(field);
            let type_name = text(field, "type_name");
            let entry = type_name.trim_start_matches('.');
            let is_map = entries.iter().any(|it| it == entry);
            if is_map {
                features_of_entries.insert(entry.to_owned(), features);
            }
            self.field(field, &name, features, is_map);
        }
        for nested in elements(message, "nested_type") {
            match features_of_entries.get(&joined(&name, &text(nested, "name"))) {
                // Text in the keys and values of a map is verified as the map says.
                Some(features) => self.map_entry(nested, &name, *features),
                None => self.message(nested, &name, inherited),
            }
        }
        for enumeration in elements(message, "enum_type") {
            self.enumeration(enumeration, &name, inherited);
        }
        for extension in elements(message, "extension") {
            self.extension(extension, &name, inherited);
        }
    }

    fn field(
        &mut self,
        field: &mut DynamicMessage,
        message: &str,
        features: FeatureSet,
        is_map: bool,
    ) {
        let name = joined(message, &text(field, "name"));
        let label = number(field, "label");
        let kind = number(field, "type");
        let required = label == REQUIRED
            || self.rewrites && label == OPTIONAL && features.field_presence == LEGACY_REQUIRED;
        if required {
            self.features
                .with_required_fields
                .insert(message.to_owned());
        }
        self.text(&name, kind, features);
        if !self.rewrites {
            return;
        }
        if required {
            field.set_field_by_name("label", Value::EnumNumber(REQUIRED));
        }
        if !is_map {
            rewrite_encoding(field, features);
        }
        let in_oneof = field.has_field_by_name("oneof_index");
        if label != REPEATED && !in_oneof && ![GROUP, MESSAGE].contains(&kind) {
            if features.field_presence == IMPLICIT {
                self.without_presence.get_or_insert(name);
            } else {
                // Means presence in proto3 and nothing in proto2.
                field.set_field_by_name("proto3_optional", Value::Bool(true));
            }
        }
    }

    fn map_entry(&mut self, entry: &mut DynamicMessage, scope: &str, features: FeatureSet) {
        let name = joined(scope, &text(entry, "name"));
        for field in elements(entry, "field") {
            let name = joined(&name, &text(field, "name"));
            self.text(&name, number(field, "type"), features);
        }
    }

    fn extension(&mut self, extension: &mut DynamicMessage, scope: &str, inherited: FeatureSet) {
        let features = inherited.with_options_of(extension);
        let name = joined(scope, &text(extension, "name"));
        self.text(&name, number(extension, "type"), features);
        if self.rewrites {
            rewrite_encoding(extension, features);
        }
    }

    fn text(&mut self, name: &str, kind: i32, features: FeatureSet) {
        if kind == STRING && features.utf8_validation == UTF8_NONE {
            self.features.unvalidated_texts.insert(name.to_owned());
        }
    }

    fn enumeration(
        &mut self,
        enumeration: &mut DynamicMessage,
        scope: &str,
        inherited: FeatureSet,
    ) {
        let name = joined(scope, &text(enumeration, "name"));
        let features = inherited.with_options_of(enumeration);
        let first = elements(enumeration, "value").next();
        if first.is_some_and(|first| number(first, "number") != 0) {
            self.without_zero.get_or_insert(name.clone());
        }
        if features.enum_type == CLOSED {
            self.features.closed_enums.insert(name);
        }
    }
}

/// Writes the encoding of a field into its type and its option `packed`.
fn rewrite_encoding(field: &mut DynamicMessage, features: FeatureSet) {
    let kind = number(field, "type");
    if kind == MESSAGE && features.message_encoding == DELIMITED {
        field.set_field_by_name("type", Value::EnumNumber(GROUP));
    }
    let can_be_packed = ![STRING, BYTES, GROUP, MESSAGE].contains(&kind);
    if number(field, "label") == REPEATED
        && can_be_packed
        && let Some(Value::Message(options)) = field.get_field_by_name_mut("options")
    {
        let packed = features.repeated_field_encoding == PACKED;
        options.set_field_by_name("packed", Value::Bool(packed));
    }
}
