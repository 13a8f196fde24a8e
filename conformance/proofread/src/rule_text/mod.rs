//! Describes rules in short plain English: `1 to 100`, `a UUID`, `at most 300
//! characters`.
//!
//! Values and patterns are in backticks, so that the text is also valid Markdown. Parts
//! of one group (the rules of the type, each predefined rule, each CEL rule, the rules of
//! items) are separated by commas, groups by semicolons.

mod bounds;
mod collections;
mod numbers;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod times;

use prost_protovalidate_types::{BoolRules, Ignore, MessageOneofRule, Rule, field_rules::Type};

use crate::contract::{Message, Oneof, PredefinedRule, Rules};
pub use text::{code, quoted};

/// Describes the rules of a field. Empty if there are none.
pub fn describe(rules: &Rules) -> String {
    let checked = describe_checked(rules);
    match rules.ignore() {
        Ignore::Always => "not checked".to_owned(),
        Ignore::IfZeroValue if !checked.is_empty() => format!("if set: {checked}"),
        Ignore::IfZeroValue | Ignore::Unspecified => checked,
    }
}

fn describe_checked(rules: &Rules) -> String {
    let mut parts = Vec::new();
    if rules.required() {
        parts.push("required".to_owned());
    }
    if let Some(typed) = &rules.standard.r#type {
        let words = typed_rules(typed);
        if !words.is_empty() {
            parts.push(words.join(", "));
        }
    }
    parts.extend(rules.predefined.iter().map(predefined));
    parts.extend(rules.standard.cel.iter().map(cel));
    parts.extend(rules.standard.cel_expression.iter().map(expression));
    let nested = [
        ("each", &rules.items),
        ("each key", &rules.keys),
        ("each value", &rules.values),
    ];
    for (what, rules) in nested {
        let words = rules.as_deref().map(describe).unwrap_or_default();
        if !words.is_empty() {
            parts.push(format!("{what}: {words}"));
        }
    }
    parts.join("; ")
}

fn typed_rules(rules: &Type) -> Vec<String> {
    match rules {
        Type::Float(rules) => numbers::float(rules),
        Type::Double(rules) => numbers::double(rules),
        Type::Int32(rules) => numbers::int32(rules),
        Type::Int64(rules) => numbers::int64(rules),
        Type::Uint32(rules) => numbers::uint32(rules),
        Type::Uint64(rules) => numbers::uint64(rules),
        Type::Sint32(rules) => numbers::sint32(rules),
        Type::Sint64(rules) => numbers::sint64(rules),
        Type::Fixed32(rules) => numbers::fixed32(rules),
        Type::Fixed64(rules) => numbers::fixed64(rules),
        Type::Sfixed32(rules) => numbers::sfixed32(rules),
        Type::Sfixed64(rules) => numbers::sfixed64(rules),
        Type::Bool(rules) => boolean(rules),
        Type::String(rules) => strings::string(rules),
        Type::Bytes(rules) => strings::bytes(rules),
        Type::Enum(rules) => numbers::enumeration(rules),
        Type::Repeated(rules) => collections::repeated(rules),
        Type::Map(rules) => collections::map(rules),
        Type::Any(rules) => collections::any(rules),
        Type::FieldMask(rules) => collections::field_mask(rules),
        Type::Duration(rules) => times::duration(rules),
        Type::Timestamp(rules) => times::timestamp(rules),
    }
}

fn boolean(rules: &BoolRules) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(
        rules
            .r#const
            .map(|value| format!("exactly {}", code(&value.to_string()))),
    );
    words.extend(text::examples(&rules.example, |value| {
        code(&value.to_string())
    }));
    words
}

/// Describes a CEL rule by its message, or by its expression if it has no message.
pub fn cel(rule: &Rule) -> String {
    match rule.message() {
        "" => expression(rule.expression()),
        message => message.to_owned(),
    }
}

fn expression(cel: impl AsRef<str>) -> String {
    format!("satisfies {}", code(cel.as_ref()))
}

fn predefined(rule: &PredefinedRule) -> String {
    let words: Vec<String> = rule.rules.iter().map(cel).collect();
    let name = code(&rule.name);
    match (words.is_empty(), rule.value.as_str()) {
        (true, value) => format!("{name} is {}", code(value)),
        // The rule is a switch, and its messages describe it completely.
        (false, "true") => words.join(", "),
        (false, value) => format!("{} ({name} is {})", words.join(", "), code(value)),
    }
}

/// Describes how many members of a oneof may be set.
pub fn describe_oneof(oneof: &Oneof) -> String {
    one_of(&oneof.fields, oneof.rules.required())
}

/// Describes each message-level rule: `oneof`, `cel` and `cel_expression`.
pub fn describe_message(message: &Message) -> Vec<String> {
    let rules = &message.rules;
    let oneofs = rules
        .oneof
        .iter()
        .map(|rule: &MessageOneofRule| one_of(&rule.fields, rule.required()));
    let cels = rules.cel.iter().map(cel);
    let expressions = rules.cel_expression.iter().map(expression);
    oneofs.chain(cels).chain(expressions).collect()
}

fn one_of(fields: &[String], required: bool) -> String {
    let names: Vec<String> = fields.iter().map(|name| code(name)).collect();
    let how_many = if required { "exactly" } else { "at most" };
    match names.as_slice() {
        [only] if required => format!("{only} is set"),
        names => format!("{how_many} one of {} is set", names.join(", ")),
    }
}
