//! Contract rules of this repository, in addition to the lint rules of buf.
//!
//! Each rule is a function that returns all offending elements. It is tested on the
//! bookstore's contract, where it must find none, and on a small invalid contract, where
//! it must find the intended ones.

mod access;
mod bounds;
mod documentation;
mod error_reasons;
mod methods;
mod options;
#[path = "../../../proofread/src/testing.rs"]
mod testing;
mod unset;

use std::path::PathBuf;

use proofread::contract::{Contract, Field, Message, Method, Package, Service};

/// The folder of the two tutorials' contracts, which are served as they were published
/// and are exempt from the rules.
const EXEMPT: &str = "legacy/";

/// A contract and those of its packages to which the rules apply.
struct CheckedContract<'c> {
    contract: &'c Contract,
    packages: Vec<&'c Package>,
}

impl<'c> CheckedContract<'c> {
    fn new(contract: &'c Contract) -> Self {
        let packages = contract.packages().iter();
        let is_exempt = |package: &Package| {
            let mut files = package.files.iter();
            files.all(|file| file.name.starts_with(EXEMPT))
        };
        Self {
            contract,
            packages: packages.filter(|package| !is_exempt(package)).collect(),
        }
    }

    fn services(&self) -> impl Iterator<Item = &'c Service> {
        self.packages.iter().flat_map(|package| &package.services)
    }

    fn methods(&self) -> impl Iterator<Item = &'c Method> {
        self.services().flat_map(|service| &service.methods)
    }

    fn messages(&self) -> impl Iterator<Item = &'c Message> {
        self.packages.iter().flat_map(|package| &package.messages)
    }

    fn fields(&self) -> impl Iterator<Item = &'c Field> {
        self.messages().flat_map(|message| &message.fields)
    }
}

/// The path of a generated file, in `gen/` of the repository.
fn generated(name: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gen");
    PathBuf::from(root).join(name)
}

/// The contract of the bookstore, with the options of proofread.
fn bookstore_contract() -> Contract {
    Contract::open(generated("contract.binpb")).expect("the image is sound: run `just gen`")
}

/// A contract with this body in the package `shop.v1`, which violates some rules.
fn invalid_contract(body: &str) -> Contract {
    Contract::decode(&testing::shop(body)).expect("the contract of the test is sound")
}

/// The file and full name of a field, for messages.
fn field_location(field: &Field) -> String {
    let file = field.descriptor.parent_file();
    format!("{}: {}", file.name(), field.full_name)
}

/// The file and full name of a method, for messages.
fn method_location(method: &Method) -> String {
    let file = method.descriptor.parent_file();
    format!("{}: {}", file.name(), method.full_name)
}

/// Fails with a list of all offenders, if there are any.
fn assert_no_offenders(rule: &str, offenders: &[String]) {
    let count = offenders.len();
    let list = offenders.join("\n  ");
    assert!(offenders.is_empty(), "{rule}; {count} do not:\n  {list}\n");
}

/// Checks that each offender contains the expected text, in this order.
fn assert_offenders(offenders: &[String], expected: &[&str]) {
    assert_eq!(offenders.len(), expected.len(), "{offenders:#?}");
    for (offender, expected) in offenders.iter().zip(expected) {
        assert!(
            offender.contains(expected),
            "{offender:?} does not name {expected:?}"
        );
    }
}

#[test]
fn all_packages_except_the_tutorials_are_checked() {
    let contract = bookstore_contract();
    let checked = CheckedContract::new(&contract);
    let names: Vec<&str> = checked.packages.iter().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&"bookstore.inventory.v1"), "{names:?}");
    assert!(names.contains(&"proofread.v1"), "{names:?}");
    for exempt in ["", "payment"] {
        assert!(!names.contains(&exempt), "{names:?}");
    }
}
