//! A method by the name that a person remembers.

use crate::{
    contract::{Contract, Method},
    suggest::did_you_mean,
};

/// A name that is that of no method, or of several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(String);

/// Finds a method by `package.Service/Method`, with a dot in the place of the slash,
/// or by any end of that which is the end of one method only: `PutItem`.
///
/// # Errors
/// When there is none, with the nearest name; or several, with their names.
pub fn find<'c>(contract: &'c Contract, name: &str) -> Result<&'c Method, Unknown> {
    let wanted = name.trim_start_matches('/').replace('/', ".");
    let matching: Vec<&Method> = contract
        .methods()
        .filter(|method| {
            let full = method.full_name.as_str();
            full == wanted || full.ends_with(&format!(".{wanted}"))
        })
        .collect();
    let names = |methods: &[&Method]| -> Vec<String> {
        let paths = methods
            .iter()
            .map(|it| it.path.trim_start_matches('/').to_owned());
        paths.collect()
    };
    match matching.as_slice() {
        [method] => Ok(method),
        [] => Err(Unknown(unknown(contract, name, &wanted))),
        // A whole name wins over the end of another one.
        several => match several.iter().find(|method| method.full_name == wanted) {
            Some(method) => Ok(method),
            None => {
                let names = names(several).join(", ");
                Err(Unknown(format!(
                    "{name:?} may be each of {names}; say which"
                )))
            }
        },
    }
}

fn unknown(contract: &Contract, name: &str, wanted: &str) -> String {
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
