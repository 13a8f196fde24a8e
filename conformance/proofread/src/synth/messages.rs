//! Messages of protobuf itself that are values: field masks, `Any`, wrappers,
//! and those that stand for JSON.

use prost_protovalidate_types::{AnyRules, FieldMaskRules, field_rules::Type};
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use rand::{RngExt, rngs::StdRng};
use serde_json::json;

use super::candidate::{Tries, some_of};

/// The rules of a field mask.
pub(crate) struct Mask {
    rules: FieldMaskRules,
}

impl Mask {
    pub(crate) fn new(rules: Option<&Type>) -> Self {
        let rules = match rules {
            Some(Type::FieldMask(rules)) => rules.clone(),
            _ => FieldMaskRules::default(),
        };
        Self { rules }
    }

    /// The ids of the rules that are set.
    pub(crate) fn keys(&self) -> Vec<String> {
        let set = [
            (self.rules.r#const.is_some(), "field_mask.const"),
            (!self.rules.r#in.is_empty(), "field_mask.in"),
            (!self.rules.not_in.is_empty(), "field_mask.not_in"),
        ];
        let set = set.iter().filter(|(set, _)| *set);
        set.map(|(_, id)| (*id).to_owned()).collect()
    }

    /// What to try, as the paths of masks.
    pub(crate) fn tries(&self) -> Tries<Vec<String>> {
        let mut tries = Tries::default();
        if let Some(constant) = &self.rules.r#const {
            let (id, paths) = ("field_mask.const", &constant.paths);
            tries.kept(id, "equal", "the only allowed mask", vec![paths.clone()]);
            let more = [paths.as_slice(), &["unknown_field".to_owned()]].concat();
            tries.broken(
                id,
                "more",
                "the only allowed mask with a path more",
                vec![more],
            );
            if let Some((_, fewer)) = paths.split_last() {
                tries.broken(
                    id,
                    "fewer",
                    "the only allowed mask with a path less",
                    vec![fewer.to_vec()],
                );
            }
        }
        let (id, listed) = ("field_mask.in", &self.rules.r#in);
        for (name, path) in some_of(listed) {
            tries.kept(
                id,
                &format!("listed-{name}"),
                "a listed path",
                vec![vec![path.clone()]],
            );
            let below = vec![vec![format!("{path}_unknown")]];
            tries.broken(id, &format!("beside-{name}"), "nearly a listed path", below);
        }
        if let Some(first) = listed.first() {
            tries.kept(id, "all", "all listed paths", vec![listed.clone()]);
            let mixed = vec![vec![first.clone(), "unknown_field".to_owned()]];
            tries.broken(id, "mixed", "a listed path and one that is not", mixed);
        }
        let (id, unlisted) = ("field_mask.not_in", &self.rules.not_in);
        for (name, path) in some_of(unlisted) {
            let alone = vec![vec![path.clone()]];
            tries.broken(
                id,
                &format!("listed-{name}"),
                "a path that is ruled out",
                alone,
            );
            let beside = vec![
                vec![format!("{path}_unknown")],
                vec!["unknown_field".to_owned()],
                listed.clone(),
            ];
            tries.kept(
                id,
                &format!("beside-{name}"),
                "nearly a path that is ruled out",
                beside,
            );
        }
        tries.plain("empty", "no paths", Vec::new());
        tries.plain(
            "unknown",
            "a path that names no field",
            vec!["unknown_field".to_owned()],
        );
        tries
    }

    pub(crate) fn random(&self, rng: &mut StdRng) -> Vec<String> {
        if let Some(constant) = &self.rules.r#const {
            return constant.paths.clone();
        }
        let listed = self.rules.r#in.iter();
        listed.filter(|_| rng.random_bool(0.5)).cloned().collect()
    }
}

/// A field mask.
pub(crate) fn mask(descriptor: &MessageDescriptor, paths: Vec<String>) -> Option<Value> {
    let paths = Value::List(paths.into_iter().map(Value::String).collect());
    filled(descriptor, "paths", paths)
}

/// The rules of an `Any`.
pub(crate) struct AnyOf {
    rules: AnyRules,
}

/// A type that every implementation knows.
const EMPTY: &str = "type.googleapis.com/google.protobuf.Empty";

impl AnyOf {
    pub(crate) fn new(rules: Option<&Type>) -> Self {
        let rules = match rules {
            Some(Type::Any(rules)) => rules.clone(),
            _ => AnyRules::default(),
        };
        Self { rules }
    }

    /// The ids of the rules that are set.
    pub(crate) fn keys(&self) -> Vec<String> {
        let set = [
            (!self.rules.r#in.is_empty(), "any.in"),
            (!self.rules.not_in.is_empty(), "any.not_in"),
        ];
        let set = set.iter().filter(|(set, _)| *set);
        set.map(|(_, id)| (*id).to_owned()).collect()
    }

    /// What to try, as the names of types. The values are empty.
    pub(crate) fn tries(&self) -> Tries<String> {
        let mut tries = Tries::default();
        for (name, listed) in some_of(&self.rules.r#in) {
            tries.kept(
                "any.in",
                &format!("listed-{name}"),
                "a listed type",
                vec![listed.clone()],
            );
            let near = vec![format!("{listed}2"), EMPTY.to_owned()];
            tries.broken(
                "any.in",
                &format!("beside-{name}"),
                "nearly a listed type",
                near,
            );
        }
        for (name, listed) in some_of(&self.rules.not_in) {
            let listed = listed.clone();
            let near = vec![EMPTY.to_owned(), format!("{listed}2")];
            tries.broken(
                "any.not_in",
                &format!("listed-{name}"),
                "a type that is ruled out",
                vec![listed],
            );
            tries.kept(
                "any.not_in",
                &format!("beside-{name}"),
                "a type that is not ruled out",
                near,
            );
        }
        tries.plain(
            "empty",
            "an empty message of the type Empty",
            EMPTY.to_owned(),
        );
        tries.plain("no-type", "no type at all", String::new());
        tries
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

/// What to try for a message of protobuf that has no rules of its own.
pub(crate) fn foreign(descriptor: &MessageDescriptor) -> Tries<Value> {
    let mut tries = Tries::default();
    let samples = match descriptor.full_name() {
        "google.protobuf.Struct" => vec![json!({}), json!({"a": [1, null, {"b": "c"}]})],
        "google.protobuf.Value" => vec![json!(false), json!("a"), json!(null), json!({"a": 1})],
        "google.protobuf.ListValue" => vec![json!([]), json!([1, "a", null])],
        _ => Vec::new(),
    };
    for (at, sample) in samples.into_iter().enumerate() {
        if let Ok(message) = DynamicMessage::deserialize(descriptor.clone(), sample) {
            let slug = format!("sample-{}", at + 1);
            tries.plain(&slug, "a value of JSON", Value::Message(message));
        }
    }
    // A `Value` of nothing has no meaning, and some implementations refuse it.
    if descriptor.full_name() != "google.protobuf.Value" {
        let empty = DynamicMessage::new(descriptor.clone());
        tries.plain("empty", "an empty message", Value::Message(empty));
    }
    tries
}
