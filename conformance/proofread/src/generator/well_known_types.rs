//! Generates well-known types of protobuf: field masks, `Any`, wrappers, and the types for
//! JSON values.

use prost_protovalidate_types::{AnyRules, FieldMaskRules, field_rules::Type};
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use rand::{RngExt, rngs::StdRng};
use serde_json::json;

use super::candidate::{Candidates, numbered_samples};

/// Generates field masks.
pub(crate) struct FieldMaskGenerator {
    rules: FieldMaskRules,
}

impl FieldMaskGenerator {
    pub(crate) fn new(rules: Option<&Type>) -> Self {
        let rules = match rules {
            Some(Type::FieldMask(rules)) => rules.clone(),
            _ => FieldMaskRules::default(),
        };
        Self { rules }
    }

    /// The ids of the rules that are set.
    pub(crate) fn rule_ids(&self) -> Vec<String> {
        let set = [
            (self.rules.r#const.is_some(), "field_mask.const"),
            (!self.rules.r#in.is_empty(), "field_mask.in"),
            (!self.rules.not_in.is_empty(), "field_mask.not_in"),
        ];
        let set = set.iter().filter(|(set, _)| *set);
        set.map(|(_, id)| (*id).to_owned()).collect()
    }

    /// The paths of the masks to try.
    pub(crate) fn candidates(&self) -> Candidates<Vec<String>> {
        let mut candidates = Candidates::default();
        if let Some(constant) = &self.rules.r#const {
            let (id, paths) = ("field_mask.const", &constant.paths);
            candidates.add_keeping(id, "equal", "the only allowed mask", vec![paths.clone()]);
            let more = [paths.as_slice(), &["unknown_field".to_owned()]].concat();
            candidates.add_breaking(
                id,
                "more",
                "the only allowed mask with one more path",
                vec![more],
            );
            if let Some((_, fewer)) = paths.split_last() {
                candidates.add_breaking(
                    id,
                    "fewer",
                    "the only allowed mask without its last path",
                    vec![fewer.to_vec()],
                );
            }
        }
        let (id, listed) = ("field_mask.in", &self.rules.r#in);
        for (name, path) in numbered_samples(listed) {
            candidates.add_keeping(
                id,
                &format!("listed-{name}"),
                "a listed path",
                vec![vec![path.clone()]],
            );
            let below = vec![vec![format!("{path}_unknown")]];
            candidates.add_breaking(id, &format!("beside-{name}"), "nearly a listed path", below);
        }
        if let Some(first) = listed.first() {
            candidates.add_keeping(id, "all", "all listed paths", vec![listed.clone()]);
            let mixed = vec![vec![first.clone(), "unknown_field".to_owned()]];
            candidates.add_breaking(id, "mixed", "a listed path and one that is not", mixed);
        }
        let (id, excluded) = ("field_mask.not_in", &self.rules.not_in);
        for (name, path) in numbered_samples(excluded) {
            let alone = vec![vec![path.clone()]];
            candidates.add_breaking(id, &format!("listed-{name}"), "an excluded path", alone);
            let beside = vec![
                vec![format!("{path}_unknown")],
                vec!["unknown_field".to_owned()],
                listed.clone(),
            ];
            candidates.add_keeping(
                id,
                &format!("beside-{name}"),
                "nearly an excluded path",
                beside,
            );
        }
        candidates.add_neutral("empty", "no paths", Vec::new());
        candidates.add_neutral(
            "unknown",
            "a path that names no field",
            vec!["unknown_field".to_owned()],
        );
        candidates
    }

    pub(crate) fn random(&self, rng: &mut StdRng) -> Vec<String> {
        if let Some(constant) = &self.rules.r#const {
            return constant.paths.clone();
        }
        let listed = self.rules.r#in.iter();
        listed.filter(|_| rng.random_bool(0.5)).cloned().collect()
    }
}

/// A field mask with these paths.
pub(crate) fn field_mask(descriptor: &MessageDescriptor, paths: Vec<String>) -> Option<Value> {
    let paths = Value::List(paths.into_iter().map(Value::String).collect());
    filled(descriptor, "paths", paths)
}

/// Generates `Any` messages without content.
pub(crate) struct AnyGenerator {
    rules: AnyRules,
}

/// The URL of a type that every implementation knows.
const EMPTY: &str = "type.googleapis.com/google.protobuf.Empty";

impl AnyGenerator {
    pub(crate) fn new(rules: Option<&Type>) -> Self {
        let rules = match rules {
            Some(Type::Any(rules)) => rules.clone(),
            _ => AnyRules::default(),
        };
        Self { rules }
    }

    /// The ids of the rules that are set.
    pub(crate) fn rule_ids(&self) -> Vec<String> {
        let set = [
            (!self.rules.r#in.is_empty(), "any.in"),
            (!self.rules.not_in.is_empty(), "any.not_in"),
        ];
        let set = set.iter().filter(|(set, _)| *set);
        set.map(|(_, id)| (*id).to_owned()).collect()
    }

    /// The type URLs to try.
    pub(crate) fn candidates(&self) -> Candidates<String> {
        let mut candidates = Candidates::default();
        for (name, listed) in numbered_samples(&self.rules.r#in) {
            candidates.add_keeping(
                "any.in",
                &format!("listed-{name}"),
                "a listed type",
                vec![listed.clone()],
            );
            let near = vec![format!("{listed}2"), EMPTY.to_owned()];
            candidates.add_breaking(
                "any.in",
                &format!("beside-{name}"),
                "nearly a listed type",
                near,
            );
        }
        for (name, listed) in numbered_samples(&self.rules.not_in) {
            let listed = listed.clone();
            let near = vec![EMPTY.to_owned(), format!("{listed}2")];
            candidates.add_breaking(
                "any.not_in",
                &format!("listed-{name}"),
                "an excluded type",
                vec![listed],
            );
            candidates.add_keeping(
                "any.not_in",
                &format!("beside-{name}"),
                "a type that is not excluded",
                near,
            );
        }
        candidates.add_neutral(
            "empty",
            "an empty message of the type Empty",
            EMPTY.to_owned(),
        );
        candidates.add_neutral("no-type", "no type at all", String::new());
        candidates
    }

    pub(crate) fn random(&self, rng: &mut StdRng) -> String {
        match self.rules.r#in.len() {
            0 => EMPTY.to_owned(),
            count => self.rules.r#in[rng.random_range(0..count)].clone(),
        }
    }
}

/// An `Any` of this type, without content.
pub(crate) fn any(descriptor: &MessageDescriptor, type_url: String) -> Option<Value> {
    filled(descriptor, "type_url", Value::String(type_url))
}

/// A wrapper around a value.
pub(crate) fn wrapper(descriptor: &MessageDescriptor, value: Value) -> Option<Value> {
    filled(descriptor, "value", value)
}

fn filled(descriptor: &MessageDescriptor, field: &str, value: Value) -> Option<Value> {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.try_set_field_by_name(field, value).ok()?;
    Some(Value::Message(message))
}

/// The candidates for a message without standard rules of its own.
pub(crate) fn fallback_candidates(descriptor: &MessageDescriptor) -> Candidates<Value> {
    let mut candidates = Candidates::default();
    let samples = match descriptor.full_name() {
        "google.protobuf.Struct" => vec![json!({}), json!({"a": [1, null, {"b": "c"}]})],
        "google.protobuf.Value" => vec![json!(false), json!("a"), json!(null), json!({"a": 1})],
        "google.protobuf.ListValue" => vec![json!([]), json!([1, "a", null])],
        _ => Vec::new(),
    };
    for (at, sample) in samples.into_iter().enumerate() {
        if let Ok(message) = DynamicMessage::deserialize(descriptor.clone(), sample) {
            let slug = format!("sample-{}", at + 1);
            candidates.add_neutral(&slug, "a value of JSON", Value::Message(message));
        }
    }
    // A `Value` without a kind is invalid by its specification, and some implementations
    // refuse it.
    if descriptor.full_name() != "google.protobuf.Value" {
        let empty = DynamicMessage::new(descriptor.clone());
        candidates.add_neutral("empty", "an empty message", Value::Message(empty));
    }
    candidates
}
