//! Infers resources from the names and types of a contract: `GetNote` with `note_id` returns
//! the `Note` that `CreateNote` has returned, and so on. What is inferred can be wrong only
//! where a contract uses these names for something else; the configuration then declares the
//! methods of the resource, or switches it off.

use prost_reflect::{Kind, MessageDescriptor};

use super::{
    links::{answer_of, is_id_name, keys_of_get, role},
    path::{Path, nested_message},
    resource::{ListRole, Resource, Role},
};
use crate::{
    behaviour::PagingFields,
    contract::{Idempotency, Method},
};

const GET_VERBS: [&str; 5] = ["Get", "Read", "Fetch", "Describe", "Retrieve"];
const CREATE_VERBS: [&str; 5] = ["Create", "Add", "Insert", "Register", "New"];
const PUT_VERBS: [&str; 3] = ["Put", "Upsert", "Save"];
const UPDATE_VERBS: [&str; 8] = [
    "Update", "Patch", "Modify", "Edit", "Set", "Replace", "Change", "Rename",
];
const DELETE_VERBS: [&str; 3] = ["Delete", "Remove", "Destroy"];

/// Verbs of methods that only read, whatever their idempotency level is.
const READ_VERBS: [&str; 8] = [
    "List", "Search", "Find", "Query", "Watch", "Check", "Batch", "Validate",
];

/// The names of the fields of a paged list, where no option declares them.
const PAGING_NAMES: [&str; 3] = ["page_size", "page_token", "next_page_token"];

/// The resources of the given methods, each with a method that reads it and one that creates
/// or changes it.
pub(crate) fn infer<'c>(methods: &[&'c Method]) -> Vec<Resource<'c>> {
    let mut found: Vec<Resource<'c>> = Vec::new();
    for get in methods.iter().filter(|method| is_get(method)) {
        let service = get.descriptor.parent_service();
        let of_service = methods
            .iter()
            .copied()
            .filter(|method| method.descriptor.parent_service() == service);
        let Some(resource) = resource_of(get, &of_service.collect::<Vec<_>>()) else {
            continue;
        };
        if !found.iter().any(|known| known.name() == resource.name()) {
            found.push(resource);
        }
    }
    found
}

/// The resource that a get method reads, with the methods of the same service.
fn resource_of<'c>(get: &'c Method, methods: &[&'c Method]) -> Option<Resource<'c>> {
    let (_, noun) = split_verb(&get.name);
    let response = get.descriptor.output();
    let message = named(&response, noun).or_else(|| only_message(&response))?;
    let resource = assemble(get, &message, methods)?;
    (resource.create.is_some() || resource.update.is_some()).then_some(resource)
}

/// The resource with the roles that the names of the methods suggest.
pub(super) fn assemble<'c>(
    get: &'c Method,
    message: &MessageDescriptor,
    methods: &[&'c Method],
) -> Option<Resource<'c>> {
    let request = get.descriptor.input();
    let keys = keys_of_get(&request, message);
    let is_single = request.fields().len() == 0;
    if keys.is_empty() && !is_single {
        return None;
    }
    let key: Vec<Path> = keys.into_iter().map(|link| link.resource).collect();
    let roles = |is_wanted: &dyn Fn(&Method) -> bool| -> Vec<Role<'c>> {
        let others = methods
            .iter()
            .copied()
            .filter(|method| method.path != get.path);
        let wanted = others.filter(|method| is_unary(method) && is_wanted(method));
        wanted.map(|method| role(method, message, &key)).collect()
    };
    let has_key = |role: &Role<'_>| role.keys.len() == key.len();
    let noun = message.name();
    let mut created = roles(&|method| is_create(method, noun));
    created.retain(|role| is_creation(role, &key));
    let changed = roles(&|method| is_update(method, noun));
    let deleted = roles(&|method| is_named(method, &DELETE_VERBS, noun));
    let by_name = |role: &Role<'_>| !is_named(role.method, &CREATE_VERBS, noun);
    created.sort_by_key(by_name);
    Some(Resource {
        message: message.clone(),
        get: role(get, message, &key),
        create: created.into_iter().next().filter(|_| !is_single),
        update: changed
            .into_iter()
            .find(|role| has_key(role) && !role.content.is_empty()),
        delete: deleted.into_iter().find(|role| has_key(role) && !is_single),
        lists: methods
            .iter()
            .filter_map(|method| list_role(method, message, &key))
            .collect(),
        identity: identity(message, &key),
        key,
    })
}

/// Whether a method that is named like one creates the resource: it returns it, and does not
/// need an existing one.
fn is_creation(role: &Role<'_>, key: &[Path]) -> bool {
    let (verb, _) = split_verb(&role.method.name);
    let is_crud = CREATE_VERBS.contains(&verb) || PUT_VERBS.contains(&verb);
    let has_key = !key.is_empty() && role.keys.len() == key.len();
    if is_crud {
        return has_key || role.answer.is_some();
    }
    role.keys.is_empty() && role.answer.is_some()
}

/// Whether the method may create the resource. A method with another verb than the usual ones
/// has to be declared as one that writes.
fn is_create(method: &Method, noun: &str) -> bool {
    if is_named(method, &CREATE_VERBS, noun) || is_named(method, &PUT_VERBS, noun) {
        return method.idempotency != Idempotency::NoSideEffects;
    }
    let (verb, _) = split_verb(&method.name);
    let usual = [
        &GET_VERBS[..],
        &CREATE_VERBS,
        &PUT_VERBS,
        &UPDATE_VERBS,
        &DELETE_VERBS,
        &READ_VERBS,
    ]
    .concat();
    let writes = method.idempotency == Idempotency::Idempotent || method.idempotency_key.is_some();
    writes && !usual.contains(&verb)
}

fn is_update(method: &Method, noun: &str) -> bool {
    let (verb, rest) = split_verb(&method.name);
    let writes = method.idempotency != Idempotency::NoSideEffects;
    let verbs = UPDATE_VERBS.contains(&verb) || PUT_VERBS.contains(&verb);
    writes && verbs && rest.starts_with(noun)
}

fn is_get(method: &Method) -> bool {
    let (verb, noun) = split_verb(&method.name);
    let reads = method.idempotency != Idempotency::Idempotent;
    is_unary(method) && reads && GET_VERBS.contains(&verb) && !noun.is_empty()
}

fn is_named(method: &Method, verbs: &[&str], noun: &str) -> bool {
    let (verb, rest) = split_verb(&method.name);
    verbs.contains(&verb) && rest == noun
}

pub(super) fn is_unary(method: &Method) -> bool {
    !method.client_streaming && !method.server_streaming
}

/// A method that lists the resource, or messages that contain it.
pub(super) fn list_role<'c>(
    method: &'c Method,
    message: &MessageDescriptor,
    key: &[Path],
) -> Option<ListRole<'c>> {
    let (verb, rest) = split_verb(&method.name);
    let reads = method.idempotency != Idempotency::Idempotent;
    if verb != "List" || !reads || !is_unary(method) || !lists_all(rest, message.name()) {
        return None;
    }
    listed(method, message, key)
}

/// Whether the name is that of a list of these resources, not of their revisions or the like.
fn lists_all(name: &str, noun: &str) -> bool {
    let stem = noun.strip_suffix('y').map(|stem| format!("{stem}ies"));
    let plurals = [format!("{noun}s"), format!("{noun}es"), noun.to_owned()];
    let mut plurals = plurals.iter().chain(&stem);
    plurals.any(|plural| name.ends_with(plural.as_str()))
}

/// Whether a method changes what exists, and never creates it.
pub(super) fn changes_only(method: &Method) -> bool {
    let (verb, _) = split_verb(&method.name);
    let may_create = method.descriptor.input().get_field_by_name("allow_missing");
    ["Update", "Patch", "Modify", "Edit", "Rename"].contains(&verb) && may_create.is_none()
}

/// The fields of a method that returns the resource in a list.
pub(super) fn listed<'c>(
    method: &'c Method,
    message: &MessageDescriptor,
    key: &[Path],
) -> Option<ListRole<'c>> {
    let response = method.descriptor.output();
    let mut lists = response.fields().filter_map(|field| match field.kind() {
        Kind::Message(item) if field.is_list() => {
            let path = answer_of(&item, message)?;
            Some((field, path))
        }
        _ => None,
    });
    let (items, path) = lists.next()?;
    let mut role = role(method, message, key);
    role.answer = Some(path);
    Some(ListRole {
        role,
        items,
        paging: paging(method),
    })
}

fn paging(method: &Method) -> Option<[prost_reflect::FieldDescriptor; 3]> {
    let declared = method.paging.as_ref();
    if let Some(fields) = declared.and_then(|paging| PagingFields::of(method, paging)) {
        return Some([fields.size, fields.token, fields.next]);
    }
    let [size, token, next] = PAGING_NAMES;
    let (request, response) = (method.descriptor.input(), method.descriptor.output());
    Some([
        request.get_field_by_name(size)?,
        request.get_field_by_name(token)?,
        response.get_field_by_name(next)?,
    ])
}

/// The key, and the other ids of the message.
fn identity(message: &MessageDescriptor, key: &[Path]) -> Vec<Path> {
    let own_id = format!("{}_id", super::links::snake_case(message.name()));
    let mut identity = key.to_vec();
    for field in message.fields() {
        let is_own = field.name() == own_id || ["id", "uid"].contains(&field.name());
        if is_own && is_id_name(field.name()) && !identity.contains(&vec![field.clone()]) {
            identity.push(vec![field]);
        }
    }
    identity
}

/// The message of this name that a response has, or is.
fn named(response: &MessageDescriptor, noun: &str) -> Option<MessageDescriptor> {
    if response.name() == noun {
        return Some(response.clone());
    }
    let mut nested = response.fields().filter_map(|field| nested_message(&field));
    nested.find(|message| message.name() == noun)
}

/// The message in a response that has exactly one.
fn only_message(response: &MessageDescriptor) -> Option<MessageDescriptor> {
    let mut nested = response.fields().filter_map(|field| nested_message(&field));
    let first = nested.next()?;
    nested.next().is_none().then_some(first)
}

/// `CreateNote` becomes `Create` and `Note`.
fn split_verb(name: &str) -> (&str, &str) {
    let mut letters = name.char_indices().skip(1);
    let end = letters.find(|(_, letter)| letter.is_uppercase());
    name.split_at(end.map_or(name.len(), |(at, _)| at))
}
