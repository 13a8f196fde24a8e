//! Reflection: a server that offers it must list the services and return the files of
//! the contract. Source: gRPC's server-reflection.md.
//!
//! Files are compared by their definitions and not by their names, because the same
//! definitions may be compiled under another root. Source info is ignored, and so are
//! JSON names that are equal to the default, because generators drop them.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};

use super::{Claim, Context, ScenarioResults};
use crate::{
    contract::json_name,
    load::{LoadError, reflection},
};

pub(super) async fn run(context: &Context<'_>, results: &mut ScenarioResults) {
    const ABOUT: &str = "grpc.reflection.v1.ServerReflection";
    let listed = match reflection::services(context.probe, context.timeout).await {
        Ok((_, listed)) => listed,
        Err(LoadError::NoReflection(cause)) => {
            results.skipped(ABOUT, format!("the server does not serve it ({cause})"));
            return;
        }
        Err(error) => {
            let claim = Claim::of_server("reflection/list", "the list of the services");
            results.claim(claim, Some(("a list".to_owned(), error.to_string())));
            return;
        }
    };
    let services = services(context);
    for name in services.keys() {
        let id = format!("reflection/lists/{name}");
        let intent = format!("the listing of {name}, which answers calls");
        let mismatch = (!listed.iter().any(|it| it == name)).then(|| {
            let expected = format!("{name} in the list of the services");
            (expected, format!("a list of {}", listed.join(", ")))
        });
        results.claim(Claim::of_server(&id, &intent), mismatch);
    }
    let intent = "the files of the listed services";
    match reflection::image(context.probe, context.timeout).await {
        Ok(image) => compare(context, &services, &image, results),
        Err(error) => {
            let expected = "the files with all their imports".to_owned();
            let claim = Claim::of_server("reflection/files", intent);
            results.claim(claim, Some((expected, error.to_string())));
        }
    }
}

/// The services under test, with the request and response messages of their methods.
fn services(context: &Context<'_>) -> BTreeMap<String, Vec<MessageDescriptor>> {
    let mut services: BTreeMap<String, Vec<MessageDescriptor>> = BTreeMap::new();
    for served in context.methods {
        let descriptor = &served.method.descriptor;
        let service = descriptor.parent_service();
        let messages = services.entry(service.full_name().to_owned()).or_default();
        messages.extend([descriptor.input(), descriptor.output()]);
    }
    services
}

fn compare(
    context: &Context<'_>,
    services: &BTreeMap<String, Vec<MessageDescriptor>>,
    image: &[u8],
    results: &mut ScenarioResults,
) {
    // The pool of the contract knows the options that its files use.
    let pool = context.contract.pool();
    let global = DescriptorPool::global();
    let Some(set) = [pool, &global]
        .iter()
        .find_map(|pool| pool.get_message_by_name("google.protobuf.FileDescriptorSet"))
    else {
        results.skipped(
            "grpc.reflection.v1.ServerReflection",
            "the contract does not contain descriptor.proto, which the comparison needs",
        );
        return;
    };
    let (Some(ours), Some(theirs)) = (
        definitions(&set, context.contract.image()),
        definitions(&set, image),
    ) else {
        let claim = Claim::of_server("reflection/files", "the files of the services");
        let expected = "files that decode".to_owned();
        results.claim(claim, Some((expected, "files that do not".to_owned())));
        return;
    };
    let mut names: BTreeSet<String> = services.keys().cloned().collect();
    reachable(services, &mut names);
    for name in names {
        let Some(our) = ours.get(&name) else {
            continue;
        };
        let mismatch = match theirs.get(&name) {
            Some(their) if their == our => None,
            Some(_) => Some("another definition".to_owned()),
            None => Some("nothing".to_owned()),
        };
        let id = format!("reflection/defines/{name}");
        let intent = format!("the definition of {name} by reflection");
        let expected = "the definition of the contract";
        results.claim(
            Claim::of_server(&id, &intent),
            mismatch.map(|observed| (expected.to_owned(), observed)),
        );
    }
}

/// Adds the full names of the messages and enums that the services use. Nested ones are
/// represented by their outermost message; those of google.protobuf are left out.
fn reachable(services: &BTreeMap<String, Vec<MessageDescriptor>>, names: &mut BTreeSet<String>) {
    let mut open: Vec<MessageDescriptor> = services.values().flatten().cloned().collect();
    let mut seen = BTreeSet::new();
    while let Some(message) = open.pop() {
        if !seen.insert(message.full_name().to_owned())
            || message.package_name() == "google.protobuf"
        {
            continue;
        }
        let mut outermost = message.clone();
        while let Some(parent) = outermost.parent_message() {
            outermost = parent;
        }
        names.insert(outermost.full_name().to_owned());
        for field in message.fields() {
            match field.kind() {
                Kind::Message(nested) => open.push(nested),
                Kind::Enum(enumeration) if enumeration.parent_message().is_none() => {
                    names.insert(enumeration.full_name().to_owned());
                }
                _ => {}
            }
        }
    }
}

/// The top-level definitions in the files of an image, by full name.
fn definitions(set: &MessageDescriptor, image: &[u8]) -> Option<BTreeMap<String, Value>> {
    let image = DynamicMessage::decode(set.clone(), image).ok()?;
    let files = image.get_field_by_name("file")?;
    let mut all = BTreeMap::new();
    for file in files.as_list()?.iter().filter_map(Value::as_message) {
        let package = text(file, "package");
        for list in ["message_type", "enum_type", "service"] {
            let defined = file.get_field_by_name(list)?.into_owned();
            let Value::List(defined) = defined else {
                continue;
            };
            for mut definition in defined {
                if let Some(message) = definition.as_message_mut() {
                    drop_json_names(message);
                }
                let name = definition.as_message().map(|it| text(it, "name"));
                let name = name.unwrap_or_default();
                let name = if package.is_empty() {
                    name
                } else {
                    format!("{package}.{name}")
                };
                all.insert(name, definition);
            }
        }
    }
    Some(all)
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// Removes JSON names that are equal to the default, also in nested messages.
fn drop_json_names(message: &mut DynamicMessage) {
    if message.get_field_by_name("json_name").is_some()
        && text(message, "json_name") == json_name(&text(message, "name"))
    {
        message.clear_field_by_name("json_name");
    }
    for list in ["field", "extension", "nested_type"] {
        if let Some(Value::List(nested)) = message.get_field_by_name_mut(list) {
            for nested in nested.iter_mut().filter_map(Value::as_message_mut) {
                drop_json_names(nested);
            }
        }
    }
}
