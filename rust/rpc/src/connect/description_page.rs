//! The OpenAPI document as a page, without scripts and without requests to other sites.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1b1f; background: #fff }
h2 { margin-top: 2.5rem; overflow-wrap: anywhere }
details { border-top: 1px solid #d5d5dc; padding: .5rem 0 }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5rem }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem; overflow-wrap: anywhere }
pre { background: #f4f4f7; padding: .75rem; overflow-x: auto; white-space: pre-wrap }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0 }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6ea; background: #17171a }
  pre { background: #232328 }
  a { color: #9db8ff }
  details { border-color: #3a3a42 }
}";

/// The page for a document that is served under the path `base`.
pub(super) fn render(document: &Value, base: &str) -> String {
    let mut page = Page {
        document,
        html: String::with_capacity(256 * 1024),
    };
    let title = text(&document["info"], "title");
    page.push("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    page.escaped(title);
    page.push(" API</title><style>");
    page.push(STYLE);
    page.push("</style></head><body><main><h1>");
    page.escaped(title);
    page.push(" API</h1><p>The methods of the contract by HTTP and JSON, also as an <a href=\"");
    page.escaped(base);
    page.push("/openapi.json\">OpenAPI document</a>.</p>");
    let no_tags = Vec::new();
    for tag in document["tags"].as_array().unwrap_or(&no_tags) {
        page.service(tag);
    }
    page.push("</main></body></html>");
    page.html
}

struct Page<'d> {
    document: &'d Value,
    html: String,
}

impl Page<'_> {
    fn push(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.push("&amp;"),
                '<' => self.push("&lt;"),
                '>' => self.push("&gt;"),
                '"' => self.push("&quot;"),
                other => self.html.push(other),
            }
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            let _ = write!(self.html, "<{name}>");
            self.escaped(text);
            let _ = write!(self.html, "</{name}>");
        }
    }

    fn service(&mut self, tag: &Value) {
        let name = text(tag, "name");
        self.element("h2", name);
        self.element("p", text(tag, "description"));
        let document = self.document;
        let no_paths = Map::new();
        for (path, item) in document["paths"].as_object().unwrap_or(&no_paths) {
            for (http_method, operation) in item.as_object().unwrap_or(&no_paths) {
                if operation["tags"][0] == name {
                    self.operation(path, http_method, operation);
                }
            }
        }
    }

    fn operation(&mut self, path: &str, http_method: &str, operation: &Value) {
        self.push("<details><summary><b>");
        self.escaped(&http_method.to_ascii_uppercase());
        self.push("</b> ");
        self.element("code", path);
        self.push("</summary>");
        self.element("p", text(operation, "description"));
        let security = operation["security"].as_array();
        if let Some(alternatives) = security.filter(|alternatives| !alternatives.is_empty()) {
            let names = alternatives.iter().map(|alternative| {
                let names = alternative.as_object().map(|it| it.keys().cloned());
                let names: Vec<String> = names.into_iter().flatten().collect();
                if names.is_empty() {
                    "nothing, for some requests".to_owned()
                } else {
                    names.join(" and ")
                }
            });
            let names = names.collect::<Vec<_>>().join("; or ");
            self.element("p", &format!("Needs the token of: {names}."));
        }
        if let Some(parameters) = operation["parameters"].as_array() {
            self.push("<table><thead><tr><th>Parameter<th>In<th>Value</thead>");
            for parameter in parameters {
                self.parameter(parameter);
            }
            self.push("</table>");
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            self.element("h3", "Body");
            self.schema(body);
        }
        self.responses(&operation["responses"]);
        self.push("</details>");
    }

    fn parameter(&mut self, parameter: &Value) {
        self.push("<tr><td>");
        self.element("code", text(parameter, "name"));
        if parameter["required"] == true {
            self.push(" (required)");
        }
        self.push("<td>");
        self.escaped(text(parameter, "in"));
        self.push("<td>");
        self.element("code", &parameter["schema"].to_string());
        self.element("p", text(parameter, "description"));
    }

    fn responses(&mut self, responses: &Value) {
        self.element("h3", "Answers");
        let no_responses = Map::new();
        for (status, response) in responses.as_object().unwrap_or(&no_responses) {
            let description = text(response, "description");
            if description.is_empty() {
                continue;
            }
            self.element("h4", status);
            for line in description.lines() {
                self.element("div", line);
            }
            if status == "200" {
                self.schema(&response["content"]["application/json"]["schema"]);
            }
        }
    }

    /// A schema; one that has a name is shown in place of its name.
    fn schema(&mut self, schema: &Value) {
        let name = text(schema, "$ref");
        let document = self.document;
        let shown = match name.strip_prefix('#') {
            Some(pointer) => document.pointer(pointer).unwrap_or(schema),
            None => schema,
        };
        let name = name.rsplit('/').next().unwrap_or_default();
        self.element("p", name);
        self.element("pre", &format!("{shown:#}"));
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_of_the_document_are_escaped() {
        let document = json!({
            "info": {"title": "<b>"},
            "tags": [{"name": "a&b", "description": "\"<script>\""}],
            "paths": {"/x": {"get": {
                "tags": ["a&b"],
                "description": "<i>",
                "responses": {"200": {"description": "<u>"}},
            }}},
        });
        let page = render(&document, "/api");
        for text in [
            "&lt;b&gt; API",
            "a&amp;b",
            "&quot;&lt;script&gt;",
            "&lt;i&gt;",
            "&lt;u&gt;",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(page.contains("href=\"/api/openapi.json\""));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn page_has_every_operation_of_the_contract() {
        let document: Value = serde_json::from_str(contract::OPENAPI).expect("JSON");
        let page = render(&document, "");
        let items = document["paths"].as_object().expect("paths").values();
        let operations: usize = items.map(|item| item.as_object().map_or(0, Map::len)).sum();
        assert!(operations > 100, "{operations}");
        assert_eq!(page.matches("<details>").count(), operations);
    }
}
