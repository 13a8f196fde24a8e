//! The page of a package.

use super::{
    ReferenceContext, UNANNOTATED_NOTE, field_tables,
    markdown::{Table, escape_prose},
    methods,
    page::Page,
    title_of,
};
use crate::{
    contract::{Enum, Extension, Message, Package},
    rule_text::code,
};

pub(super) fn page<'c, 'p>(
    context: &ReferenceContext<'c>,
    package: &'c Package,
    mut page: Page<'p>,
) -> Page<'p> {
    let title = title_of(package);
    page.heading(1, title, &[&package_key(package)]);
    page.paragraph("[All packages](README.md) · [What an unset field means](unset.md)");
    if package.is_unannotated() {
        page.paragraph(&format!("> {UNANNOTATED_NOTE}"));
    }
    for file in &package.files {
        page.paragraph(&escape_prose(&file.comment));
    }
    let messages = messages_with_section(context, package);
    contents(&mut page, package, &messages);
    for service in &package.services {
        methods::service(&mut page, context, service);
    }
    if !messages.is_empty() {
        page.heading(2, "Messages", &[]);
        for message in messages {
            page.heading(3, &message.name, &[&message.full_name]);
            page.paragraph(&escape_prose(&message.comment));
            field_tables::message_table(&mut page, context, message);
        }
    }
    if !package.enums.is_empty() {
        page.heading(2, "Enums", &[]);
    }
    for enumeration in &package.enums {
        describe_enum(&mut page, enumeration);
    }
    if !package.extensions.is_empty() {
        page.heading(2, "Options", &[]);
        let mut table = Table::new(&["Option", "Extends", "Type", "Description"]);
        for extension in &package.extensions {
            table.row(&option_row(&page, context, extension));
        }
        page.table(table);
    }
    page
}

/// The link key of a package.
pub(super) fn package_key(package: &Package) -> String {
    format!("package:{}", package.name)
}

/// The messages that get a section of their own: all except those that are only used as
/// the request or the response of a method, which the section of the method describes.
fn messages_with_section<'c>(
    context: &ReferenceContext<'c>,
    package: &'c Package,
) -> Vec<&'c Message> {
    let messages = package.messages.iter().filter(|message| {
        let name = message.full_name.as_str();
        context.field_types.contains(name) || !context.requests_and_responses.contains(name)
    });
    messages.collect()
}

fn contents(page: &mut Page<'_>, package: &Package, messages: &[&Message]) {
    let mut lines = Vec::new();
    for service in &package.services {
        let methods = service.methods.iter();
        let methods = methods.map(|method| page.link(&method.full_name, &method.name));
        let methods = methods.collect::<Vec<_>>().join(", ");
        let service = page.link(&service.full_name, &service.name);
        lines.push(format!("**{service}**: {methods}"));
    }
    let mut list = |title: &str, links: Vec<String>| {
        if !links.is_empty() {
            lines.push(format!("{title}: {}", links.join(", ")));
        }
    };
    let messages = messages.iter();
    let messages = messages.map(|it| page.link(&it.full_name, &it.name));
    list("Messages", messages.collect());
    let enums = package.enums.iter();
    let enums = enums.map(|it| page.link(&it.full_name, &it.name));
    list("Enums", enums.collect());
    page.list(&lines);
}

fn describe_enum(page: &mut Page<'_>, enumeration: &Enum) {
    page.heading(3, &enumeration.name, &[&enumeration.full_name]);
    page.paragraph(&escape_prose(&enumeration.comment));
    let mut table = Table::new(&["Number", "Value", "Meaning"]);
    for value in &enumeration.values {
        table.row(&[
            value.number.to_string(),
            code(&value.name),
            escape_prose(&value.comment),
        ]);
    }
    page.table(table);
}

fn option_row(
    page: &Page<'_>,
    context: &ReferenceContext<'_>,
    extension: &Extension,
) -> [String; 4] {
    let kind = field_tables::type_link(page, context.contract, &extension.kind);
    let kind = if extension.repeated {
        format!("list of {kind}")
    } else {
        kind
    };
    let extended = extension.extends.trim_start_matches("google.protobuf.");
    [
        format!("{} = {}", code(&extension.full_name), extension.number),
        code(extended),
        kind,
        escape_prose(&extension.comment),
    ]
}
