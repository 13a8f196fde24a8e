//! Finds a method by its full name or by any unambiguous suffix of it.

use crate::{
    contract::{Contract, Method},
    suggest::did_you_mean,
};

/// The name matches no method, or several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MethodLookupError(String);

/// Finds a method by `package.Service/Method`, by `package.Service.Method`, or by a
/// suffix that only one method has, such as `PutItem`.
///
/// # Errors
/// When no method matches (the message suggests the nearest name), or when several do
/// (the message lists them).
pub fn find_method<'c>(
    contract: &'c Contract,
    name: &str,
) -> Result<&'c Method, MethodLookupError> {
    let wanted = dotted(name);
    let methods = contract.methods();
    let matches: Vec<&Method> = methods.filter(|it| is_name_of(name, &it.path)).collect();
    let names = |methods: &[&Method]| -> Vec<String> {
        let paths = methods
            .iter()
            .map(|it| it.path.trim_start_matches('/').to_owned());
        paths.collect()
    };
    match matches.as_slice() {
        [method] => Ok(method),
        [] => Err(MethodLookupError(not_found_message(
            contract, name, &wanted,
        ))),
        // A full name wins over a suffix of another full name.
        several => match several.iter().find(|method| method.full_name == wanted) {
            Some(method) => Ok(method),
            None => {
                let names = names(several).join(", ");
                Err(MethodLookupError(format!(
                    "{name:?} is ambiguous: it matches {names}"
                )))
            }
        },
    }
}

/// Whether a method with this path, `package.Service/Method`, has this name or ends with it.
pub fn is_name_of(name: &str, path: &str) -> bool {
    let (wanted, full) = (dotted(name), dotted(path));
    let before = full.strip_suffix(&wanted);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn dotted(name: &str) -> String {
    name.trim_start_matches('/').replace('/', ".")
}

fn not_found_message(contract: &Contract, name: &str, wanted: &str) -> String {
    let is_service = |full: &str| full == wanted || full.ends_with(&format!(".{wanted}"));
    if let Some(service) = contract.services().find(|it| is_service(&it.full_name)) {
        let methods: Vec<&str> = service.methods.iter().map(|it| it.name.as_str()).collect();
        return format!(
            "{} is a service; name one of its methods: {}",
            service.full_name,
            methods.join(", ")
        );
    }
    let known: Vec<&str> = contract
        .methods()
        .map(|method| method.path.trim_start_matches('/'))
        .collect();
    let near = did_you_mean(name, &known);
    format!("the contract has no method {name:?}{near}")
}
