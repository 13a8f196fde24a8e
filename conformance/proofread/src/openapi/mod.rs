//! Generates an OpenAPI 3.1 document of a contract: its unary methods in the Connect protocol
//! (POST to `/SERVICE/METHOD`) and by their `google.api.http` annotations. Rules become keywords
//! of JSON Schema, declared errors become responses, and access becomes security.
//!
//! Streams are left out, because OpenAPI cannot describe them, and so are methods that only
//! other services may call. Rules in CEL and rules that compare fields have no keyword. The same
//! contract gives the same bytes.

mod field_schema;
mod http_rules;
mod operation;
mod responses;
mod schemas;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    contract::{Contract, Method, Service},
    unset::UnsetAnalysis,
};

/// What a document says of itself.
#[derive(Debug, Clone)]
pub struct Info {
    /// The name of the API.
    pub title: String,
    /// Its version.
    pub version: String,
}

/// The input of all parts of the document.
struct Source<'c> {
    contract: &'c Contract,
    unset: UnsetAnalysis<'c>,
}

/// Renders the document.
pub fn render(contract: &Contract, info: &Info) -> Value {
    let source = Source {
        contract,
        unset: UnsetAnalysis::new(contract),
    };
    let mut paths: Map<String, Value> = Map::new();
    let mut tags = Vec::new();
    let mut messages = BTreeSet::new();
    for package in contract.packages() {
        for service in &package.services {
            let methods: Vec<_> = service
                .methods
                .iter()
                .filter(|it| is_callable(it))
                .collect();
            if methods.is_empty() {
                continue;
            }
            tags.push(json!({"name": service.full_name, "description": service.comment}));
            for method in methods {
                messages.extend([method.request.as_str(), method.response.as_str()]);
                add_operations(&source, service, method, &mut paths);
            }
        }
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": info.title, "version": info.version},
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas::reachable(&source, messages),
            "responses": responses::shared(),
            "securitySchemes": operation::security_schemes(contract),
        },
    });
    document.sort_all_objects();
    document
}

/// Whether clients that speak JSON can call the method.
fn is_callable(method: &Method) -> bool {
    let streams = method.client_streaming || method.server_streaming;
    let only_services = !method.access.is_empty()
        && method
            .access
            .iter()
            .all(|access| !access.services.is_empty());
    !streams && !only_services
}

fn add_operations(
    source: &Source<'_>,
    service: &Service,
    method: &Method,
    paths: &mut Map<String, Value>,
) {
    let mut add = |path: &str, http_method: &str, operation: Value| {
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[http_method] = operation;
    };
    for (index, rule) in http_rules::of_method(source.contract.pool(), method)
        .iter()
        .enumerate()
    {
        let operation = operation::by_annotation(source, service, method, rule, index);
        add(&rule.path, rule.http_method, operation);
    }
    let operation = operation::by_connect(source, service, method);
    add(&method.path, "post", operation);
}

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}
