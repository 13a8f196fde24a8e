//! Tables of request and message fields.

use prost_reflect::Kind;

use super::{
    ReferenceContext,
    markdown::{Table, escape_prose},
    page::Page,
};
use crate::{
    contract::{Contract, Field, Message},
    rule_text::{code, describe, describe_message, describe_oneof},
    unset::UnsetBehaviour,
};

/// The name of a type, with a link to its section if there is one.
pub(super) fn type_link(page: &Page<'_>, contract: &Contract, kind: &Kind) -> String {
    let name = match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(enumeration) => enumeration.full_name().to_owned(),
        scalar => return code(&format!("{scalar:?}").to_lowercase()),
    };
    let local = contract.message(&name).map(|message| message.name.clone());
    let local = local.or_else(|| contract.enumeration(&name).map(|it| it.name.clone()));
    let label = code(local.as_ref().unwrap_or(&name));
    page.link(&name, &label)
}

/// The type of a field, such as `list of Book` or `int32, optional`.
fn type_of(page: &Page<'_>, contract: &Contract, field: &Field) -> String {
    let value = type_link(page, contract, &field.value_kind());
    let descriptor = &field.descriptor;
    if let Some(key) = field.key_kind() {
        return format!("map of {} to {value}", type_link(page, contract, &key));
    }
    if descriptor.is_list() {
        return format!("list of {value}");
    }
    if let Some(oneof) = &field.oneof {
        return format!("{value}, in oneof {}", code(oneof));
    }
    let is_optional = descriptor.field_descriptor_proto().proto3_optional();
    let optional = if is_optional { ", optional" } else { "" };
    format!("{value}{optional}")
}

fn name_and_comment(path: &str, field: &Field) -> String {
    match field.comment.as_str() {
        "" => code(path),
        comment => format!("{}<br>{}", code(path), escape_prose(comment)),
    }
}

/// Describes what happens when a field is unset, as Markdown.
pub(super) fn unset_text(unset: &UnsetBehaviour) -> String {
    let codes = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        names.join(", ")
    };
    match unset {
        UnsetBehaviour::Refused { rules } => format!("**refused**: {}", codes(rules)),
        UnsetBehaviour::RequiredByType => "**refused**: required by its type".to_owned(),
        UnsetBehaviour::RefusedUnlessOther { others, rule } if others.is_empty() => {
            format!("**refused**: {}", code(rule))
        }
        UnsetBehaviour::RefusedUnlessOther { others, rule } => {
            format!(
                "**refused** unless {} is set: {}",
                codes(others),
                code(rule)
            )
        }
        UnsetBehaviour::Means(text) => format!("means: {}", escape_prose(text)),
        UnsetBehaviour::Undeclared => "*not declared*".to_owned(),
        UnsetBehaviour::InvalidRules { cause } => {
            format!("*the rules can't be evaluated*: {}", code(cause))
        }
    }
}

/// Adds the table of a request, in which nested fields are written as paths.
pub(super) fn request_table<'c>(
    page: &mut Page<'_>,
    context: &ReferenceContext<'c>,
    message: &'c Message,
) {
    let mut table = Table::new(&["Field", "Type", "Rules", "Unset"]);
    let mut nested: Vec<&Message> = Vec::new();
    let fields = context.unset.of_message(message, |message| {
        if !nested.iter().any(|it| it.full_name == message.full_name) {
            nested.push(message);
        }
        true
    });
    for field in fields {
        table.row(&[
            name_and_comment(&field.path, field.field),
            type_of(page, context.contract, field.field),
            rules_of(field.field),
            unset_text(&field.unset),
        ]);
    }
    finish(page, table, message);
    let rules = nested.into_iter().flat_map(|message| {
        let rules = message_rules(message).into_iter();
        rules.map(|rule| format!("In {}: {rule}", code(&message.name)))
    });
    page.list(&rules.collect::<Vec<_>>());
}

/// Adds the table of a response or of a message that several methods use. The column
/// about unset fields is shown if the message can be part of a request.
pub(super) fn message_table(
    page: &mut Page<'_>,
    context: &ReferenceContext<'_>,
    message: &Message,
) {
    let contract = context.contract;
    let is_in_requests = message
        .fields
        .iter()
        .any(|field| context.unset.of(field).is_some());
    let mut columns = vec!["Field", "Type", "Rules"];
    if is_in_requests {
        columns.push("Unset in a request");
    }
    let mut table = Table::new(&columns);
    for field in &message.fields {
        let mut cells = vec![
            name_and_comment(&field.name, field),
            type_of(page, contract, field),
            rules_of(field),
        ];
        cells.extend(context.unset.of(field).map(unset_text));
        table.row(&cells);
    }
    finish(page, table, message);
}

fn finish(page: &mut Page<'_>, table: Table, message: &Message) {
    if table.is_empty() {
        page.paragraph("It has no fields.");
    }
    page.table(table);
    page.list(&message_rules(message));
}

fn rules_of(field: &Field) -> String {
    field.rules.as_ref().map(describe).unwrap_or_default()
}

/// The rules of oneofs and of the message itself, as Markdown.
fn message_rules(message: &Message) -> Vec<String> {
    let oneofs = message.oneofs.iter().map(|oneof| {
        let comment = match oneof.comment.as_str() {
            "" => String::new(),
            comment => format!(" {}", escape_prose(comment)),
        };
        format!("{}.{comment}", capitalized(&describe_oneof(oneof)))
    });
    let rules = describe_message(message);
    let rules = rules
        .iter()
        .map(|rule| format!("Rule: {}.", escape_prose(rule)));
    oneofs.chain(rules).collect()
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
