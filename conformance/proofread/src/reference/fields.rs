//! Tables of fields.

use prost_reflect::Kind;

use super::{
    Site,
    markdown::{Table, prose},
    page::Page,
};
use crate::{
    contract::{Contract, Field, Message},
    unset::Unset,
    words::{code, describe, describe_message, describe_oneof},
};

/// The name of a type, linked to where it is described.
pub(super) fn kind(page: &Page<'_>, contract: &Contract, kind: &Kind) -> String {
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

/// The type of a field in words: `list of Book`, `int32, optional`.
fn type_of(page: &Page<'_>, contract: &Contract, field: &Field) -> String {
    let value = kind(page, contract, &field.value_kind());
    let descriptor = &field.descriptor;
    if let Some(key) = field.key_kind() {
        return format!("map of {} to {value}", kind(page, contract, &key));
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
        comment => format!("{}<br>{}", code(path), prose(comment)),
    }
}

/// What happens to an unset field, in words.
pub(super) fn outcome(unset: &Unset) -> String {
    let codes = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        names.join(", ")
    };
    match unset {
        Unset::Refused { rules } => format!("**refused**: {}", codes(rules)),
        Unset::RefusedAlone { others, rule } if others.is_empty() => {
            format!("**refused**: {}", code(rule))
        }
        Unset::RefusedAlone { others, rule } => {
            format!(
                "**refused** unless {} is set: {}",
                codes(others),
                code(rule)
            )
        }
        Unset::Means(text) => format!("means: {}", prose(text)),
        Unset::Silent => "*not said*".to_owned(),
        Unset::Broken { cause } => format!("*the rules are broken*: {}", code(cause)),
    }
}

/// The fields of a request, nested ones as paths.
pub(super) fn request<'c>(page: &mut Page<'_>, site: &Site<'c>, message: &'c Message) {
    let mut table = Table::new(&["Field", "Type", "Rules", "Unset"]);
    let mut nested: Vec<&Message> = Vec::new();
    let fields = site.unset.of_message(message, |entered| {
        if !nested
            .iter()
            .any(|known| known.full_name == entered.full_name)
        {
            nested.push(entered);
        }
        true
    });
    for field in fields {
        table.row(&[
            name_and_comment(&field.path, field.field),
            type_of(page, site.contract, field.field),
            rules_of(field.field),
            outcome(&field.unset),
        ]);
    }
    finish(page, table, message);
    let rules = nested.into_iter().flat_map(|message| {
        let rules = whole_message(message).into_iter();
        rules.map(|rule| format!("In {}: {rule}", code(&message.name)))
    });
    page.list(&rules.collect::<Vec<_>>());
}

/// The fields of a message that is answered, or of one that several share: what
/// unset means is shown where the message can be part of a request.
pub(super) fn message(page: &mut Page<'_>, site: &Site<'_>, message: &Message) {
    let contract = site.contract;
    let is_sent = message
        .fields
        .iter()
        .any(|field| site.unset.of(field).is_some());
    let mut columns = vec!["Field", "Type", "Rules"];
    if is_sent {
        columns.push("Unset in a request");
    }
    let mut table = Table::new(&columns);
    for field in &message.fields {
        let mut cells = vec![
            name_and_comment(&field.name, field),
            type_of(page, contract, field),
            rules_of(field),
        ];
        cells.extend(site.unset.of(field).map(outcome));
        table.row(&cells);
    }
    finish(page, table, message);
}

fn finish(page: &mut Page<'_>, table: Table, message: &Message) {
    if table.is_empty() {
        page.paragraph("It has no fields.");
    }
    page.table(table);
    page.list(&whole_message(message));
}

fn rules_of(field: &Field) -> String {
    field.rules.as_ref().map(describe).unwrap_or_default()
}

/// The rules that no single field carries.
fn whole_message(message: &Message) -> Vec<String> {
    let oneofs = message.oneofs.iter().map(|oneof| {
        let comment = match oneof.comment.as_str() {
            "" => String::new(),
            comment => format!(" {}", prose(comment)),
        };
        format!("{}.{comment}", sentence(&describe_oneof(oneof)))
    });
    let rules = describe_message(message);
    let rules = rules.iter().map(|rule| format!("Rule: {}.", prose(rule)));
    oneofs.chain(rules).collect()
}

fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
