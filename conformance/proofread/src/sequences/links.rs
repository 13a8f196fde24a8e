//! Finds the fields of requests and responses that belong to a resource, by names and types.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};

use super::{
    path::{Path, is_same_type, leaves, nested_message},
    resource::{Link, Role},
};
use crate::contract::Method;

/// Names of fields that are ids of their message.
const ID_NAMES: [&str; 4] = ["id", "name", "uid", "key"];

/// Endings of names of fields that refer to something, or that the server sets.
const REFERENCE_ENDINGS: [&str; 8] = [
    "_id", "_ids", "_time", "_token", "_etag", "_mask", "_code", "_hash",
];

/// Names of fields that a client copies from the last answer.
const COPIED_NAMES: [&str; 5] = ["etag", "version", "revision", "parent", "generation"];

/// Values of `google.api.field_behavior`: OUTPUT_ONLY, IMMUTABLE and IDENTIFIER.
const NOT_WRITABLE: [i32; 3] = [3, 5, 8];

/// `OrderLine` becomes `order_line`.
pub(super) fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// The path in the resource that a request field of this name refers to.
fn key_path(field: &FieldDescriptor, resource: &MessageDescriptor) -> Option<Path> {
    if field.is_list() || field.is_map() || nested_message(field).is_some() {
        return None;
    }
    let own_id = format!("{}_id", snake_case(resource.name()));
    let names: Vec<&str> = match field.name() {
        "id" => vec!["id", &own_id],
        name if name == own_id => vec![name, "id"],
        name => vec![name],
    };
    let find = |message: &MessageDescriptor| {
        let mut found = names
            .iter()
            .filter_map(|name| message.get_field_by_name(name));
        found.find(|candidate| is_same_type(candidate, field))
    };
    if let Some(found) = find(resource) {
        return Some(vec![found]);
    }
    // A message that wraps the resource, such as one with remarks for the operator.
    let mut inner = resource.fields().filter_map(|outer| {
        let found = find(&nested_message(&outer)?)?;
        Some(vec![outer, found])
    });
    inner.next()
}

pub(super) fn is_id_name(name: &str) -> bool {
    ID_NAMES.contains(&name) || name.ends_with("_id")
}

/// Where the request of a get method names the resource. If several fields could, only ids
/// do: others choose a view.
pub(super) fn keys_of_get(request: &MessageDescriptor, resource: &MessageDescriptor) -> Vec<Link> {
    let links = request.fields().filter_map(|field| {
        let resource = key_path(&field, resource)?;
        Some(Link {
            request: vec![field],
            resource,
        })
    });
    let mut links: Vec<Link> = links.collect();
    let is_id = |link: &Link| is_id_name(link.request[0].name());
    if links.len() > 1 && links.iter().any(is_id) {
        links.retain(is_id);
    }
    links
}

/// Where another request names the resource: in a field of its own, or in the resource that
/// it contains.
fn keys_of(request: &MessageDescriptor, resource: &MessageDescriptor, key: &[Path]) -> Vec<Link> {
    let find = |path: &Path| {
        let mut own = request
            .fields()
            .filter(|field| key_path(field, resource).as_ref() == Some(path));
        if let Some(field) = own.next() {
            return Some(vec![field]);
        }
        let mut containing = request.fields().filter(|field| contains(field, resource));
        Some([vec![containing.next()?], path.clone()].concat())
    };
    let links = key.iter().filter_map(|path| {
        Some(Link {
            request: find(path)?,
            resource: path.clone(),
        })
    });
    links.collect()
}

fn contains(field: &FieldDescriptor, resource: &MessageDescriptor) -> bool {
    nested_message(field).as_ref() == Some(resource)
}

/// Where the request has values that become those of the resource.
fn content_of(
    request: &MessageDescriptor,
    resource: &MessageDescriptor,
    key: &[Path],
) -> Vec<Link> {
    let mut links = Vec::new();
    for field in request.fields() {
        if contains(&field, resource) {
            links.extend(leaves(resource).into_iter().map(|path| Link {
                request: [vec![field.clone()], path.clone()].concat(),
                resource: path,
            }));
            continue;
        }
        let Some(same) = resource.get_field_by_name(field.name()) else {
            continue;
        };
        if !is_same_type(&same, &field) {
            continue;
        }
        match nested_message(&field) {
            Some(nested) => links.extend(leaves(&nested).into_iter().map(|path| Link {
                request: [vec![field.clone()], path.clone()].concat(),
                resource: [vec![same.clone()], path].concat(),
            })),
            None => links.push(Link {
                request: vec![field],
                resource: vec![same],
            }),
        }
    }
    links.retain(|link| !key.contains(&link.resource));
    links
}

/// Where a response has the resource.
pub(super) fn answer_of(
    response: &MessageDescriptor,
    resource: &MessageDescriptor,
) -> Option<Path> {
    if response == resource {
        return Some(Vec::new());
    }
    let mut found = response.fields().filter(|field| contains(field, resource));
    let first = found.next()?;
    found.next().is_none().then(|| vec![first])
}

/// What a method does with a resource that has this key.
pub(super) fn role<'c>(method: &'c Method, resource: &MessageDescriptor, key: &[Path]) -> Role<'c> {
    let request = method.descriptor.input();
    Role {
        method,
        keys: keys_of(&request, resource, key),
        content: content_of(&request, resource, key),
        answer: answer_of(&method.descriptor.output(), resource),
    }
}

/// Whether a caller may choose the value: it refers to nothing else, and the server does not
/// set it.
pub(super) fn is_free(link: &Link) -> bool {
    link.request.iter().chain(&link.resource).all(|field| {
        let name = field.name();
        let is_reference = REFERENCE_ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending))
            || COPIED_NAMES.contains(&name)
            || name == "id";
        let in_oneof = field
            .containing_oneof()
            .is_some_and(|it| !it.is_synthetic());
        !is_reference && !in_oneof && !is_not_writable(field)
    }) && link.request.last().is_some_and(is_scalar)
}

fn is_scalar(field: &FieldDescriptor) -> bool {
    !field.is_list() && !field.is_map() && !matches!(field.kind(), Kind::Message(_))
}

/// Whether `google.api.field_behavior` says that the server sets the field.
fn is_not_writable(field: &FieldDescriptor) -> bool {
    let pool = field.parent_pool();
    let Some(extension) = pool.get_extension_by_name("google.api.field_behavior") else {
        return false;
    };
    let options = field.options();
    let declared = options.get_extension(&extension);
    let declared = declared.as_list().unwrap_or_default().iter();
    let mut numbers = declared.filter_map(Value::as_enum_number);
    numbers.any(|number| NOT_WRITABLE.contains(&number))
}
