//! The schemas of messages.

use std::collections::BTreeSet;

use prost_reflect::Kind;
use serde_json::{Map, Value, json};

use super::{Source, field_schema};
use crate::{
    contract::{Field, Message},
    unset::UnsetBehaviour,
};

/// The schemas of these messages and of all that they contain, by full name.
pub(super) fn reachable<'c>(source: &Source<'c>, messages: BTreeSet<&'c str>) -> Value {
    let mut schemas = Map::new();
    let mut waiting: Vec<&str> = messages.into_iter().collect();
    while let Some(name) = waiting.pop() {
        let Some(message) = source.contract.message(name) else {
            continue;
        };
        if schemas.contains_key(name) {
            continue;
        }
        schemas.insert(name.to_owned(), of_message(source, message, |_| true));
        for field in &message.fields {
            if let Some(inner) = source.contract.message_in(field) {
                waiting.push(&inner.full_name);
            }
        }
    }
    schemas.insert("connect.Error".to_owned(), error());
    schemas.into()
}

/// The schema of a message, with those of its fields that are asked for.
pub(super) fn of_message(
    source: &Source<'_>,
    message: &Message,
    include: impl Fn(&Field) -> bool,
) -> Value {
    let fields: Vec<&Field> = message
        .fields
        .iter()
        .filter(|field| include(field))
        .collect();
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &fields {
        let name = field.descriptor.json_name();
        properties.insert(name.to_owned(), of_field(source, field));
        if is_required(source, field) {
            required.push(name.to_owned());
        }
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !message.comment.is_empty() {
        schema["description"] = message.comment.as_str().into();
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    let mut exclusive = exclusive_fields(message, &fields);
    if exclusive.len() == 1 {
        schema["oneOf"] = exclusive.remove(0);
    } else if !exclusive.is_empty() {
        let groups = exclusive.into_iter().map(|group| json!({"oneOf": group}));
        schema["allOf"] = groups.collect::<Vec<_>>().into();
    }
    schema
}

/// The alternatives of each oneof and of each rule by which fields exclude each other.
fn exclusive_fields(message: &Message, included: &[&Field]) -> Vec<Value> {
    let oneofs = message.oneofs.iter();
    let oneofs = oneofs.map(|oneof| (&oneof.fields, oneof.rules.required()));
    let rules = message.rules.oneof.iter();
    let rules = rules.map(|rule| (&rule.fields, rule.required()));
    let groups = oneofs.chain(rules).filter_map(|(names, required)| {
        let members = included.iter().filter(|field| names.contains(&field.name));
        let mut alternatives: Vec<Value> = members
            .map(|field| json!({"required": [field.descriptor.json_name()]}))
            .collect();
        if alternatives.is_empty() {
            return None;
        }
        if !required {
            alternatives.push(json!({"not": {"anyOf": alternatives}}));
        }
        Some(alternatives.into())
    });
    groups.collect()
}

/// The schema of a field, with its comment and what leaving it unset means.
pub(super) fn of_field(source: &Source<'_>, field: &Field) -> Value {
    let mut schema = field_schema::of(source.contract, field);
    let unset = field.unset.as_ref().map(|unset| format!("Unset: {unset}."));
    let texts = [Some(field.comment.clone()), unset];
    let texts: Vec<String> = texts
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty())
        .collect();
    if !texts.is_empty() {
        schema["description"] = texts.join("\n\n").into();
    }
    schema
}

/// Whether a message without the field is refused.
pub(super) fn is_required(source: &Source<'_>, field: &Field) -> bool {
    let is_oneof = field.oneof.is_some();
    let refused = match source.unset.of(field) {
        Some(behaviour) => matches!(behaviour, UnsetBehaviour::Refused { .. }),
        // A field of responses only. A list may be empty, and a number may be zero, unless
        // `required` says that the field is there.
        None => {
            let required = field.rules.as_ref().is_some_and(|rules| rules.required());
            let has_presence = matches!(field.descriptor.kind(), Kind::Message(_));
            required && (has_presence || field.descriptor.supports_presence())
        }
    };
    refused && !is_oneof
}

fn error() -> Value {
    let codes = [
        "canceled",
        "unknown",
        "invalid_argument",
        "deadline_exceeded",
        "not_found",
        "already_exists",
        "permission_denied",
        "resource_exhausted",
        "failed_precondition",
        "aborted",
        "out_of_range",
        "unimplemented",
        "internal",
        "unavailable",
        "data_loss",
        "unauthenticated",
    ];
    json!({
        "type": "object",
        "description": "The error of a call, as the Connect protocol writes it.",
        "required": ["code"],
        "properties": {
            "code": {"type": "string", "enum": codes},
            "message": {"type": "string", "description": "For people."},
            "details": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["type", "value"],
                    "properties": {
                        "type": {
                            "type": "string",
                            "description": "The full name of a message: google.rpc.ErrorInfo has the reason.",
                        },
                        "value": {
                            "type": "string",
                            "contentEncoding": "base64",
                            "description": "The message in the binary format.",
                        },
                        "debug": {"description": "The message as JSON, for people."},
                    },
                },
            },
        },
    })
}
