//! The failures in SARIF 2.1.0, which code hosts and editors show at their lines.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    annotation::{Annotation, annotations},
    view::View,
};

/// Renders one result for each group of failures. `file_path` converts the name of a proto
/// to its path relative to the root of the repository.
pub fn render(view: &View, file_path: &dyn Fn(&str) -> String) -> Value {
    let annotations = annotations(view, file_path);
    let rules: BTreeMap<String, &str> = annotations
        .iter()
        .map(|it| (rule_id(it), it.group.title.as_str()))
        .collect();
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|(id, title)| json!({"id": id, "shortDescription": {"text": title}}))
        .collect();
    let results: Vec<Value> = annotations.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "proofread",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    })
}

/// The kind of the failure: `rule-not-checked`.
fn rule_id(annotation: &Annotation<'_>) -> String {
    annotation.group.title.replace(' ', "-")
}

fn result(annotation: &Annotation<'_>) -> Value {
    let group = annotation.group;
    let methods = group.methods.iter();
    let methods = methods.map(|name| json!({"fullyQualifiedName": name, "kind": "function"}));
    let mut location = json!({"logicalLocations": methods.collect::<Vec<_>>()});
    if let Some((file, line)) = &annotation.position {
        location["physicalLocation"] = json!({
            "artifactLocation": {"uri": uri(file)},
            "region": {"startLine": line},
        });
    }
    json!({
        "ruleId": rule_id(annotation),
        "level": "error",
        "message": {"text": format!("{}\n{}", annotation.title, annotation.text)},
        "locations": [location],
        "occurrenceCount": group.count,
        "partialFingerprints": {"proofreadFinding/v1": group.finding_ids.join(", ")},
    })
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const SPECIAL: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    utf8_percent_encode(path, SPECIAL).to_string()
}
