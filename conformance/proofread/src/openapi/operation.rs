//! The operations of a method.

use std::collections::BTreeSet;

use prost_reflect::Kind;
use serde_json::{Map, Value, json};

use super::{Source, http_rules::HttpRule, reference, responses, schemas};
use crate::contract::{Contract, Field, Message, Method, Service};

/// The operation of a method in the Connect protocol: a POST with the message as its body.
pub(super) fn by_connect(source: &Source<'_>, service: &Service, method: &Method) -> Value {
    let mut operation = common(service, method, "");
    operation["requestBody"] = body(&reference("schemas", &method.request));
    operation["responses"] = responses::of_method(source, service, method, None);
    operation
}

/// The operation of a method by an annotation, the first or a further one.
pub(super) fn by_annotation(
    source: &Source<'_>,
    service: &Service,
    method: &Method,
    rule: &HttpRule,
    index: usize,
) -> Value {
    let suffix = match index {
        0 => "_http".to_owned(),
        further => format!("_http{}", further + 1),
    };
    let mut operation = common(service, method, &suffix);
    if let Some(message) = source.contract.message(&method.request) {
        let parameters = parameters(source, message, rule);
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if let Some(schema) = body_schema(source, message, rule) {
            operation["requestBody"] = body(&schema);
        }
    }
    operation["responses"] = responses::of_method(source, service, method, Some(rule));
    operation
}

/// What both kinds of operations have.
fn common(service: &Service, method: &Method, suffix: &str) -> Value {
    let mut operation = json!({
        "operationId": format!("{}_{}{suffix}", service.name, method.name),
        "summary": first_sentence(&method.comment),
        "description": method.comment,
        "tags": [service.full_name],
    });
    let security = security(method);
    if !security.is_empty() {
        operation["security"] = security.into();
    }
    operation
}

fn body(schema: &Value) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn body_schema(source: &Source<'_>, message: &Message, rule: &HttpRule) -> Option<Value> {
    match rule.body.as_str() {
        "" => None,
        "*" => Some(schemas::of_message(source, message, |field| {
            !rule.path_fields.contains(&field.name)
        })),
        name => {
            let field = message.fields.iter().find(|field| field.name == name)?;
            Some(schemas::of_field(source, field))
        }
    }
}

fn parameters(source: &Source<'_>, message: &Message, rule: &HttpRule) -> Vec<Value> {
    let fields = message.fields.iter();
    let parameters = fields.filter_map(|field| {
        if rule.path_fields.contains(&field.name) {
            return Some(parameter(source, field, "path"));
        }
        let in_query = rule.body != "*" && rule.body != field.name && fits_a_query(field);
        in_query.then(|| parameter(source, field, "query"))
    });
    parameters.collect()
}

/// Whether a text can be the value of a field. The fields of a message within it have paths such
/// as `profile.name`, which are left out.
fn fits_a_query(field: &Field) -> bool {
    let has_text_form = match field.descriptor.kind() {
        Kind::Message(message) => matches!(
            message.full_name(),
            "google.protobuf.Timestamp" | "google.protobuf.Duration" | "google.protobuf.FieldMask"
        ),
        _ => true,
    };
    has_text_form && !field.descriptor.is_map()
}

fn parameter(source: &Source<'_>, field: &Field, place: &str) -> Value {
    let mut schema = schemas::of_field(source, field);
    let description = schema
        .as_object_mut()
        .and_then(|it| it.remove("description"));
    // A path has the name of its template, a query that of JSON.
    let name = match place {
        "path" => field.name.as_str(),
        _ => field.descriptor.json_name(),
    };
    let mut parameter = json!({"name": name, "in": place, "schema": schema});
    if let Some(description) = description {
        parameter["description"] = description;
    }
    if place == "path" || schemas::is_required(source, field) {
        parameter["required"] = true.into();
    }
    parameter
}

/// The alternatives of who may call; none: everybody.
fn security(method: &Method) -> Vec<Value> {
    let people = method
        .access
        .iter()
        .filter(|access| access.services.is_empty());
    let alternatives = people.map(|access| match access.credential.as_str() {
        "" => json!({}),
        credential => json!({credential: []}),
    });
    alternatives.collect()
}

/// A scheme for each credential that a method asks for: a token in a header.
pub(super) fn security_schemes(contract: &Contract) -> Value {
    let access = contract.methods().flat_map(|method| &method.access);
    let names: BTreeSet<(&str, &str)> = access
        .filter(|access| access.services.is_empty() && !access.credential.is_empty())
        .map(|access| (access.credential.as_str(), access.metadata_key.as_str()))
        .collect();
    let schemes: Map<String, Value> = names
        .into_iter()
        .map(|(name, key)| {
            let scheme = match key {
                "authorization" => json!({"type": "http", "scheme": "bearer"}),
                key => json!({"type": "apiKey", "in": "header", "name": key}),
            };
            (name.to_owned(), scheme)
        })
        .collect();
    schemes.into()
}

fn first_sentence(comment: &str) -> String {
    let line = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}
