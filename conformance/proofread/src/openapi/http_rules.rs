//! Reads the `google.api.http` annotations of a method.

use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use crate::contract::Method;

/// One HTTP method and path of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpRule {
    /// In lower case, as OpenAPI writes it: `get`.
    pub http_method: &'static str,
    /// `/v1/books/{book_id}`.
    pub path: String,
    /// The fields that the path contains.
    pub path_fields: Vec<String>,
    /// Empty: no body. `*`: all fields that are not in the path. Else the field that the body is.
    pub body: String,
    /// The field of the response that is the whole answer; empty: the answer is the message.
    pub response_body: String,
}

/// The annotations of a unary method, with additional bindings.
pub(super) fn of_method(pool: &DescriptorPool, method: &Method) -> Vec<HttpRule> {
    let Some(extension) = pool.get_extension_by_name("google.api.http") else {
        return Vec::new();
    };
    let options = method.descriptor.options();
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
    let rules = std::iter::once(rule).chain(additional.iter().filter_map(Value::as_message));
    rules.filter_map(read).collect()
}

fn read(rule: &DynamicMessage) -> Option<HttpRule> {
    let mut methods = ["get", "put", "post", "delete", "patch"].into_iter();
    let (http_method, template) = methods.find_map(|method| {
        let path = text(rule, method);
        (!path.is_empty()).then_some((method, path))
    })?;
    let (path, path_fields) = without_patterns(&template);
    Some(HttpRule {
        http_method,
        path,
        path_fields,
        body: text(rule, "body"),
        response_body: text(rule, "response_body"),
    })
}

/// OpenAPI has `{name}` and no patterns such as `{name=shelves/*}`.
fn without_patterns(template: &str) -> (String, Vec<String>) {
    let mut path = String::new();
    let mut fields = Vec::new();
    let mut rest = template;
    while let Some((before, variable)) = rest.split_once('{') {
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        let field = variable.split('=').next().unwrap_or_default();
        path.push_str(&format!("{before}{{{field}}}"));
        fields.push(field.to_owned());
        rest = after;
    }
    path.push_str(rest);
    (path, fields)
}

fn text(rule: &DynamicMessage, field: &str) -> String {
    let value = rule.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_left_out_of_paths() {
        let (path, fields) = without_patterns("/v1/{name=shelves/*}/books/{id}:read");
        assert_eq!(path, "/v1/{name}/books/{id}:read");
        assert_eq!(fields, ["name", "id"]);
        assert_eq!(
            without_patterns("/v1/books"),
            ("/v1/books".to_owned(), vec![])
        );
    }
}
