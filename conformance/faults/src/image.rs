//! The contract that the servers implement: the test contract, and the two services of
//! the bookstore that they serve.

use std::{collections::BTreeMap, sync::LazyLock};

use prost::Message;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use prost_types::FileDescriptorProto;

use crate::rules;

/// The full names of the services in the contract.
pub const SERVICES: [&str; 11] = [
    "bookstore.inventory.v1.InventoryService",
    "bookstore.recommendations.v1.RecommendationService",
    "rules.v1.AccessService",
    "rules.v1.BehaviourService",
    "rules.v1.ExpressionService",
    "rules.v1.LegacyService",
    "rules.v1.NoteService",
    "rules.v1.NumberService",
    "rules.v1.StringService",
    "rules.v1.StructureService",
    "rules.v1.TagService",
];

/// The files of the bookstore's contract that define served services.
const BOOKSTORE: [&str; 2] = [
    "bookstore/inventory/v1/inventory_service.proto",
    "bookstore/recommendations/v1/recommendation_service.proto",
];

static CONTRACT: LazyLock<Vec<u8>> = LazyLock::new(join);

/// The image of the contract: a `FileDescriptorSet` with all imports and comments.
pub fn contract() -> &'static [u8] {
    &CONTRACT
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(contract()).expect("the image of the contract is well formed")
});

/// The descriptors of the contract.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// The method with this path: `/rules.v1.NumberService/CheckInt32`.
pub fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, name) = path.strip_prefix('/')?.split_once('/')?;
    let service = POOL.get_service_by_name(service)?;
    service.methods().find(|method| method.name() == name)
}

/// A `FileDescriptorSet` with files as bytes, because decoding descriptors with prost
/// drops their options.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Image {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(crate) files: Vec<Vec<u8>>,
}

fn join() -> Vec<u8> {
    let mut joined = Image::default();
    let mut names = Vec::new();
    let mut add = |image: &BTreeMap<String, (usize, FileDescriptorProto, Vec<u8>)>,
                   wanted: &[&str]| {
        let mut files: Vec<_> = closure(image, wanted)
            .into_iter()
            .filter_map(|name| image.get(&name))
            .collect();
        files.sort_by_key(|(position, ..)| *position);
        for (_, file, bytes) in files {
            if !names.contains(&file.name().to_owned()) {
                names.push(file.name().to_owned());
                joined.files.push(bytes.clone());
            }
        }
    };
    add(&read(contract::IMAGE), &BOOKSTORE);
    let test_contract = read(rules::IMAGE);
    let all: Vec<&str> = test_contract.keys().map(String::as_str).collect();
    add(&test_contract, &all);
    joined.encode_to_vec()
}

/// The files by name, each with its position in the image: imports precede the files
/// that import them.
fn read(image: &[u8]) -> BTreeMap<String, (usize, FileDescriptorProto, Vec<u8>)> {
    let image = Image::decode(image).expect("the image is well formed");
    let files = image
        .files
        .into_iter()
        .enumerate()
        .map(|(position, bytes)| {
            let file =
                FileDescriptorProto::decode(bytes.as_slice()).expect("the file is well formed");
            (file.name().to_owned(), (position, file, bytes))
        });
    files.collect()
}

/// The names of the files and of all files that they import, directly or indirectly.
fn closure(
    image: &BTreeMap<String, (usize, FileDescriptorProto, Vec<u8>)>,
    wanted: &[&str],
) -> Vec<String> {
    let mut pending: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
    let mut found = Vec::new();
    while let Some(name) = pending.pop() {
        if found.contains(&name) {
            continue;
        }
        if let Some((_, file, _)) = image.get(&name) {
            pending.extend(file.dependency.iter().cloned());
        }
        found.push(name);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proofread::{
        contract::Contract,
        unset::{UnsetAnalysis, UnsetBehaviour},
    };

    use super::*;

    fn read_by_proofread() -> Contract {
        Contract::decode(contract()).expect("the contract is one")
    }

    #[test]
    fn contract_has_exactly_the_served_services() {
        let contract = read_by_proofread();
        let services: BTreeSet<_> = contract
            .services()
            .map(|it| it.full_name.as_str())
            .collect();
        assert_eq!(services, BTreeSet::from(SERVICES));
    }

    #[test]
    fn every_request_field_declares_what_unset_means() {
        let contract = read_by_proofread();
        let unset = UnsetAnalysis::new(&contract);
        for method in contract.methods() {
            for field in unset.of_method(method) {
                assert!(
                    !matches!(
                        field.unset,
                        UnsetBehaviour::Undeclared | UnsetBehaviour::InvalidRules { .. }
                    ),
                    "{} {}: {:?}",
                    method.full_name,
                    field.path,
                    field.unset
                );
            }
        }
    }
}
