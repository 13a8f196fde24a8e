//! Reads `(google.api.http)` of a method.

use http::Method as HttpMethod;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

use super::template::Template;

/// One way to call a method: an HTTP method, a path, and what of the request is in the body.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub http_method: HttpMethod,
    pub template: Template,
    pub body: RuleBody,
    /// The field of the response that is the whole answer.
    pub response_field: Option<String>,
}

/// What of the request is in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RuleBody {
    /// Nothing: all fields that are not in the path are in the query.
    Empty,
    /// All fields that are not in the path.
    All,
    /// One field; the others are in the query.
    Field(String),
}

/// The rules of a method, with its additional bindings.
pub(super) fn of_method(pool: &DescriptorPool, method: &MethodDescriptor) -> Vec<Rule> {
    let Some(extension) = pool.get_extension_by_name("google.api.http") else {
        return Vec::new();
    };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Vec::new();
    }
    let rule = options.get_extension(&extension);
    let Some(rule) = rule.as_message() else {
        return Vec::new();
    };
    let additional = rule.get_field_by_name("additional_bindings");
    let additional = additional.as_deref().and_then(Value::as_list);
    let additional = additional.unwrap_or_default();
    let additional = additional.iter().filter_map(Value::as_message);
    let rules = std::iter::once(rule).chain(additional);
    rules.filter_map(read).collect()
}

fn read(rule: &DynamicMessage) -> Option<Rule> {
    let methods = [
        ("get", HttpMethod::GET),
        ("put", HttpMethod::PUT),
        ("post", HttpMethod::POST),
        ("delete", HttpMethod::DELETE),
        ("patch", HttpMethod::PATCH),
    ];
    let mut methods = methods.into_iter();
    let (path, http_method) = methods.find_map(|(field, method)| {
        let path = text(rule, field);
        (!path.is_empty()).then_some((path, method))
    })?;
    let response_field = Some(text(rule, "response_body")).filter(|field| !field.is_empty());
    Some(Rule {
        http_method,
        template: Template::parse(&path)?,
        body: match text(rule, "body").as_str() {
            "" => RuleBody::Empty,
            "*" => RuleBody::All,
            field => RuleBody::Field(field.to_owned()),
        },
        response_field,
    })
}

fn text(rule: &DynamicMessage, field: &str) -> String {
    let value = rule.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
