//! The house rules: what every contract of ours keeps, beyond what buf checks.
//!
//! Each rule is a function that names all offenders at once. It is tried on our
//! contract, where it finds none, and on a small bad one, where it finds what it
//! is there for.

mod bounds;
mod docs;
mod methods;
mod options;
mod reasons;
#[path = "../../src/testing.rs"]
mod testing;
mod unset;

use std::path::PathBuf;

use proofread::contract::{Contract, Field, Message, Method, Package, Service};

/// The tutorials' contracts are served as they were published.
const EXEMPT: &str = "legacy/";

/// The packages of a contract that are held to the house rules.
struct Held<'c> {
    contract: &'c Contract,
    packages: Vec<&'c Package>,
}

impl<'c> Held<'c> {
    fn of(contract: &'c Contract) -> Self {
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

/// `gen/` of the repository.
fn generated(name: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gen");
    PathBuf::from(root).join(name)
}

/// Our own contract.
fn ours() -> Contract {
    Contract::open(generated("contract.binpb")).expect("the image is sound: run `just gen`")
}

/// A bad contract of the package `shop.v1`.
fn bad(body: &str) -> Contract {
    Contract::decode(&testing::shop(body)).expect("the contract of the test is sound")
}

/// How a field is named to whoever must mend it.
fn place(field: &Field) -> String {
    let file = field.descriptor.parent_file();
    format!("{}: {}", file.name(), field.full_name)
}

/// How a method is named to whoever must mend it.
fn place_of_method(method: &Method) -> String {
    let file = method.descriptor.parent_file();
    format!("{}: {}", file.name(), method.full_name)
}

/// Fails with all offenders.
fn expect_none(rule: &str, offenders: &[String]) {
    let count = offenders.len();
    let list = offenders.join("\n  ");
    assert!(offenders.is_empty(), "{rule}; {count} do not:\n  {list}\n");
}

/// Compares offenders with what a bad contract was made to contain.
fn expect_found(offenders: &[String], expected: &[&str]) {
    assert_eq!(offenders.len(), expected.len(), "{offenders:#?}");
    for (offender, expected) in offenders.iter().zip(expected) {
        assert!(
            offender.contains(expected),
            "{offender:?} does not name {expected:?}"
        );
    }
}

#[test]
fn the_contract_is_held_to_the_rules_but_for_the_tutorials() {
    let contract = ours();
    let held = Held::of(&contract);
    let names: Vec<&str> = held.packages.iter().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&"bookstore.inventory.v1"), "{names:?}");
    assert!(names.contains(&"proofread.v1"), "{names:?}");
    for exempt in ["", "payment"] {
        assert!(!names.contains(&exempt), "{names:?}");
    }
}
