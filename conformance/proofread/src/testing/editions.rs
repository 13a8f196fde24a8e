//! Contracts for tests in files of editions, which the built-in compiler does not read. The
//! README of `testdata/editions` says how they were compiled.

use crate::{contract::Contract, testing};

/// An image with the rules of protovalidate and one compiled file.
pub(crate) fn image(file: &[u8]) -> Vec<u8> {
    let importing = "syntax = \"proto3\"; import \"buf/validate/validate.proto\";";
    let mut image = testing::image(&[("importing.proto", importing)]);
    image.extend_from_slice(file);
    image
}

/// `testdata/editions/library.proto`: edition 2023, with each feature on a field.
pub(crate) fn library() -> Contract {
    contract(include_bytes!("../../testdata/editions/library.binpb"))
}

/// `testdata/editions/archive.proto`: edition 2024, with features of the whole file.
pub(crate) fn archive() -> Contract {
    contract(include_bytes!("../../testdata/editions/archive.binpb"))
}

/// `testdata/editions/cases.proto`: proto3, with names that differ only in case.
pub(crate) fn cases() -> Contract {
    contract(include_bytes!("../../testdata/editions/cases.binpb"))
}

/// The bytes of `testdata/editions/mixed.proto`, which can't be read.
pub(crate) const MIXED: &[u8] = include_bytes!("../../testdata/editions/mixed.binpb");

fn contract(file: &[u8]) -> Contract {
    Contract::decode(&image(file)).expect("the image can be read")
}
