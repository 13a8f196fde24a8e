//! Reflection: where a server serves it, it lists the services and answers the
//! files of the contract. Source: gRPC's server-reflection.md.
//!
//! Files are compared by what they define, not by their names: two trees may hold
//! the same definitions under other roots. Source info is left out, and so are
//! JSON names that say what is the default, which generators drop.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};

use super::{Claim, Context, Observed};
use crate::load::{LoadError, reflection};

pub(super) async fn run(context: &Context<'_>, observed: &mut Observed) {
    const ABOUT: &str = "grpc.reflection.v1.ServerReflection";
    let listed = match reflection::services(context.probe, context.timeout).await {
        Ok((_, listed)) => listed,
        Err(LoadError::NoReflection(cause)) => {
            observed.untried(ABOUT, format!("the server does not serve it ({cause})"));
            return;
        }
        Err(error) => {
            let claim = Claim::of_server("reflection/list", "the list of the services");
            observed.claim(claim, Some(("a list".to_owned(), error.to_string())));
            return;
        }
    };
    let services = services(context);
    for name in services.keys() {
        let id = format!("reflection/lists/{name}");
        let intent = format!("whether {name}, which answers calls, is listed");
        let wrong = (!listed.iter().any(|it| it == name)).then(|| {
            let expected = format!("{name} in the list of the services");
            (expected, format!("a list of {}", listed.join(", ")))
        });
        observed.claim(Claim::of_server(&id, &intent), wrong);
    }
    let intent = "the files of the services that are listed";
    match reflection::image(context.probe, context.timeout).await {
        Ok(image) => compare(context, &services, &image, observed),
        Err(error) => {
            let expected = "the files, with all that they import".to_owned();
            let claim = Claim::of_server("reflection/files", intent);
            observed.claim(claim, Some((expected, error.to_string())));
        }
    }
}

/// The services that are tested, with the messages of their methods.
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
    observed: &mut Observed,
) {
    // The contract's own pool knows the options that its files use.
    let pool = context.contract.pool();
    let global = DescriptorPool::global();
    let Some(set) = [pool, &global]
        .iter()
        .find_map(|pool| pool.get_message_by_name("google.protobuf.FileDescriptorSet"))
    else {
        observed.untried(
            "grpc.reflection.v1.ServerReflection",
            "the contract does not carry descriptor.proto, by which files are compared",
        );
        return;
    };
    let (Some(ours), Some(theirs)) = (
        definitions(&set, context.contract.image()),
        definitions(&set, image),
    ) else {
        let claim = Claim::of_server("reflection/files", "the files of the services");
        let expected = "files that decode".to_owned();
        observed.claim(claim, Some((expected, "files that do not".to_owned())));
        return;
    };
    let mut names: BTreeSet<String> = services.keys().cloned().collect();
    reachable(services, &mut names);
    for name in names {
        let Some(our) = ours.get(&name) else {
            continue;
        };
        let wrong = match theirs.get(&name) {
            Some(their) if their == our => None,
            Some(_) => Some("another definition".to_owned()),
            None => Some("nothing".to_owned()),
        };
        let id = format!("reflection/defines/{name}");
        let intent = format!("what reflection says of {name}");
        let expected = "the definition of the contract";
        observed.claim(
            Claim::of_server(&id, &intent),
            wrong.map(|wrong| (expected.to_owned(), wrong)),
        );
    }
}

/// The full names of the messages and enums that the services are made of; of
/// nested ones those that contain them, and none of protobuf itself.
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

/// What the files of an image define at their top level, by full name.
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
                let name = match package.is_empty() {
                    true => name,
                    false => format!("{package}.{name}"),
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

/// Of the fields of a message and of those nested in it.
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

/// As protoc makes it: an underscore is dropped and what follows is in upper case.
fn json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        match character {
            '_' => upper = true,
            _ if upper => {
                json.push(character.to_ascii_uppercase());
                upper = false;
            }
            _ => json.push(character),
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_are_those_of_protoc() {
        assert_eq!(json_name("page_token"), "pageToken");
        assert_eq!(json_name("a__b_1_c"), "aB1C");
        assert_eq!(json_name("plain"), "plain");
    }
}
