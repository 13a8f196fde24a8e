//! The responses of an operation: its answer and its declared errors, by HTTP status.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Source, http_rules::HttpRule, reference, schemas};
use crate::contract::{Code, DeclaredError, Method, Service};

/// The component for errors that nothing declares.
const ERROR: &str = "Error";

/// The responses that all operations share.
pub(super) fn shared() -> Value {
    json!({ERROR: response("The call failed; `code` says why.")})
}

/// The responses of a method.
pub(super) fn of_method(
    source: &Source<'_>,
    service: &Service,
    method: &Method,
    rule: Option<&HttpRule>,
) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success(source, method, rule));
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    // Messages that break a rule.
    by_status.insert(
        400,
        vec!["the request breaks a rule of the contract".to_owned()],
    );
    for error in method.errors.iter().chain(&service.common_errors) {
        let descriptions = by_status.entry(http_status(error.code)).or_default();
        let description = describe(error);
        if !descriptions.contains(&description) {
            descriptions.push(description);
        }
    }
    for (status, descriptions) in by_status {
        let description = format!("- {}", descriptions.join("\n- "));
        responses.insert(status.to_string(), response(&description));
    }
    responses.insert("default".to_owned(), reference("responses", ERROR));
    responses.into()
}

fn success(source: &Source<'_>, method: &Method, rule: Option<&HttpRule>) -> Value {
    let field = rule
        .map(|rule| rule.response_body.as_str())
        .filter(|field| !field.is_empty());
    let message = source.contract.message(&method.response);
    let field = field.and_then(|name| {
        let fields = message.map(|message| &message.fields)?;
        fields.iter().find(|field| field.name == name)
    });
    let schema = match field {
        Some(field) => schemas::of_field(source, field),
        None => reference("schemas", &method.response),
    };
    json!({"description": "The answer.", "content": {"application/json": {"schema": schema}}})
}

fn describe(error: &DeclaredError) -> String {
    if error.reason.is_empty() {
        format!("`{}`: {}", error.code, error.when)
    } else {
        format!("`{}` `{}`: {}", error.code, error.reason, error.when)
    }
}

fn response(description: &str) -> Value {
    let schema = reference("schemas", "connect.Error");
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// The HTTP status of a code, as the specification of Connect maps it.
fn http_status(code: Code) -> u16 {
    match code.0 {
        1 => 499,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}
