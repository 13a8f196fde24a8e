//! Resources that the configuration declares. A declared method wins over an inferred one.

use super::{
    infer::{assemble, infer, is_unary, listed},
    links::{answer_of, role},
    resource::{ListRole, Resource, Role},
    settings::{DeclaredResource, SequenceSettings},
};
use crate::{
    contract::{Contract, Method},
    explain,
    suggest::did_you_mean,
};

/// A declaration that does not fit the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeclarationError {
    /// The key in the table `[sequences]`: `resources.shop.v1.Note.create`.
    pub key: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The inferred resources with what the settings declare, without those that are skipped.
/// Declared methods that are not among `methods` are left out.
pub(super) fn resources<'c>(
    settings: &SequenceSettings,
    methods: &[&'c Method],
) -> Vec<Resource<'c>> {
    let mut found = infer(methods);
    found.retain(|resource| {
        let declared = settings.resources.get(resource.name());
        declared.is_none_or(|declared| !declared.skip)
    });
    for (name, declared) in settings.resources.iter().filter(|(_, it)| !it.skip) {
        let at = found.iter().position(|resource| resource.name() == name);
        let inferred = at.map(|at| found.remove(at));
        found.extend(declare(name, declared, inferred, methods));
    }
    found
}

fn declare<'c>(
    name: &str,
    declared: &DeclaredResource,
    inferred: Option<Resource<'c>>,
    methods: &[&'c Method],
) -> Option<Resource<'c>> {
    let mut resource = match (&declared.get, inferred) {
        (Some(get), _) => {
            let get = method_named(methods, get)?;
            let service = get.descriptor.parent_service();
            let of_service = methods
                .iter()
                .copied()
                .filter(|method| method.descriptor.parent_service() == service);
            let pool = get.descriptor.parent_pool().clone();
            let message = pool.get_message_by_name(name)?;
            assemble(get, &message, &of_service.collect::<Vec<_>>())?
        }
        (None, inferred) => inferred?,
    };
    let (message, key) = (resource.message.clone(), resource.key.clone());
    let find = |name: &Option<String>| -> Option<Role<'c>> {
        let method = method_named(methods, name.as_deref()?)?;
        Some(role(method, &message, &key))
    };
    resource.create = find(&declared.create).or(resource.create);
    resource.update = find(&declared.update).or(resource.update);
    resource.delete = find(&declared.delete).or(resource.delete);
    if !declared.list.is_empty() {
        let lists = declared.list.iter().filter_map(|name| {
            let method = method_named(methods, name)?;
            listed(method, &message, &key)
        });
        resource.lists = lists.collect::<Vec<ListRole<'c>>>();
    }
    Some(resource)
}

/// The method of which the name is `Service/Method`, with or without its package.
fn method_named<'c>(methods: &[&'c Method], name: &str) -> Option<&'c Method> {
    let ending = format!("/{}", name.trim_start_matches('/'));
    let is_named = |path: &str| {
        path == ending || path.ends_with(&ending) || path.ends_with(&ending.replacen('/', ".", 1))
    };
    let mut named = methods
        .iter()
        .copied()
        .filter(|method| is_named(&method.path));
    named.next()
}

/// Checks that the declared messages and methods exist and fit each other.
pub(super) fn check(
    settings: &SequenceSettings,
    contract: &Contract,
) -> Result<(), DeclarationError> {
    let names: Vec<&str> = contract
        .messages()
        .map(|it| it.full_name.as_str())
        .collect();
    let error = |key: String, message: String| Err(DeclarationError { key, message });
    for (index, name) in settings.shared.iter().enumerate() {
        if contract.message(name).is_none() {
            let near = did_you_mean(name, &names);
            let message = format!("the contract has no message {name:?}{near}");
            return error(format!("shared.{index}"), message);
        }
    }
    for (name, declared) in &settings.resources {
        let key = format!("resources.{name}");
        let Some(message) = contract.message(name) else {
            let near = did_you_mean(name, &names);
            let message = format!("the contract has no message {name:?}{near}");
            return error(key, message);
        };
        let declared_methods = [
            ("get", declared.get.as_ref()),
            ("create", declared.create.as_ref()),
            ("update", declared.update.as_ref()),
            ("delete", declared.delete.as_ref()),
        ];
        let lists = declared.list.iter().map(|it| ("list", Some(it)));
        for (kind, text) in declared_methods.into_iter().chain(lists) {
            let Some(text) = text else { continue };
            let key = format!("{key}.{kind}");
            let method = match explain::find_method(contract, text) {
                Ok(method) => method,
                Err(unknown) => return error(key, unknown.to_string()),
            };
            if !is_unary(method) {
                return error(key, format!("{text} takes or returns a stream"));
            }
            let output = method.descriptor.output();
            let fits = match kind {
                "get" => answer_of(&output, &message.descriptor).is_some(),
                "list" => listed(method, &message.descriptor, &[]).is_some(),
                _ => true,
            };
            if !fits {
                return error(key, format!("the response of {text} has no {name}"));
            }
        }
    }
    Ok(())
}
