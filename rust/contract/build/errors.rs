//! Generates a constant for each declared error.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write as _,
};

use heck::ToUpperCamelCase;

use crate::options::{Contract, DeclaredError};

/// The source text of the module `all` with every constant, of one module for each
/// package of the bookstore with those that the package declares, and of the module
/// `shared` with those that more than one package declares.
///
/// Fails if the contract declares one reason with two codes.
pub fn constants(contract: &Contract) -> Result<String, Box<dyn Error>> {
    let mut all: BTreeMap<&str, &DeclaredError> = BTreeMap::new();
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for method in &contract.methods {
        for error in &method.errors {
            let first = all.entry(&error.reason).or_insert(error);
            if first.code != error.code {
                let (reason, one, other) = (&error.reason, &first.code, &error.code);
                return Err(format!("{reason} is declared with {one} and with {other}").into());
            }
            let package = packages.entry(module_name(&method.package)?).or_default();
            package.insert(&error.reason);
        }
    }
    let shared = all.keys().copied().filter(|reason| {
        let declaring = packages.values().filter(|package| package.contains(reason));
        declaring.count() > 1
    });

    let mut source = module(
        "pub(crate)",
        "all",
        "All declared errors.",
        &all.values()
            .map(|error| constant(error))
            .collect::<String>(),
    );
    source += &module(
        "pub",
        "shared",
        "The errors that more than one package declares.",
        &shared.map(import).collect::<String>(),
    );
    for (package, reasons) in &packages {
        let comment = format!("The errors that the package {package} declares.");
        let imports: String = reasons.iter().copied().map(import).collect();
        source += &module("pub", package, &comment, &imports);
    }
    Ok(source)
}

/// `inventory` for the package `bookstore.inventory.v1`.
fn module_name(package: &str) -> Result<&str, Box<dyn Error>> {
    let mut segments = package.split('.').rev();
    let area = segments.nth(1);
    area.ok_or_else(|| format!("the package {package:?} has no area and version").into())
}

fn module(visibility: &str, name: &str, comment: &str, content: &str) -> String {
    format!("/// {comment}\n{visibility} mod {name} {{\n{content}}}\n")
}

fn constant(error: &DeclaredError) -> String {
    let DeclaredError { code, reason, when } = error;
    let mut source = String::new();
    // Writing to a String can't fail.
    let _ = writeln!(
        source,
        "#[doc = {:?}]\npub const {reason}: crate::DeclaredError = \
         crate::DeclaredError::new(::tonic::Code::{}, {reason:?});",
        format!("{code}, for example: {when}."),
        code.to_upper_camel_case(),
    );
    source
}

fn import(reason: &str) -> String {
    format!("pub use super::all::{reason};\n")
}
