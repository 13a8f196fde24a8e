//! Tests of the features of files.

use prost_reflect::FieldDescriptor;

use crate::{
    contract::{Contract, ContractError},
    editions,
    testing::image,
};

fn field(contract: &Contract, message: &str, name: &str) -> FieldDescriptor {
    let message = contract.message(message).expect("the message exists");
    let mut fields = message.fields.iter();
    let field = fields.find(|field| field.name == name);
    field.expect("the field exists").descriptor.clone()
}

#[test]
fn features_of_edition_2023_decide_presence_and_encoding() {
    let contract = editions::library();
    let field = |name: &str| field(&contract, "library.v1.LendRequest", name);
    assert!(field("title").is_required() && field("title").supports_presence());
    assert!(!field("copies").supports_presence());
    assert!(field("days").supports_presence() && !field("days").is_required());
    assert!(!field("pages").is_packed() && field("chapters").is_packed());
    assert!(field("shelf").is_group() && !field("shelves").is_group());
    let features = contract.features();
    assert!(features.closed_enums.contains("library.v1.Binding"));
    assert!(!features.closed_enums.contains("library.v1.Mood"));
    let note = "library.v1.LendRequest.note";
    assert!(features.unvalidated_texts.contains(note));
    assert!(
        !features
            .unvalidated_texts
            .contains("library.v1.LendRequest.title")
    );
    assert!(
        features
            .with_required_fields
            .contains("library.v1.LendRequest")
    );
}

#[test]
fn features_of_a_file_of_edition_2024_apply_to_its_elements() {
    let contract = editions::archive();
    let field = |name: &str| field(&contract, "archive.v1.StoreRequest", name);
    assert!(field("box").is_group());
    // The values of maps have a length in front whatever the file says.
    assert!(!field("boxes").is_group());
    assert!(field("kind").supports_presence());
    assert!(field("years").is_packed());
    let shelves = self::field(&contract, "archive.v1.StoreRequest.Box", "shelves");
    assert!(!shelves.is_packed());
    let rules = contract
        .message("archive.v1.StoreRequest")
        .expect("it exists");
    assert!(
        rules.fields[0]
            .rules
            .as_ref()
            .is_some_and(|it| it.required())
    );
    let texts = &contract.features().unvalidated_texts;
    assert!(texts.contains("archive.v1.StoreRequest.BoxesEntry.key"));
    assert!(!texts.contains("archive.v1.StoreRequest.Box.label"));
}

#[test]
fn features_that_no_syntax_can_express_are_refused_with_the_library() {
    let error = Contract::decode(&editions::image(editions::MIXED));
    let error = error.expect_err("its features can't be combined");
    assert!(
        matches!(error, ContractError::UnsupportedFeatures { .. }),
        "{error}"
    );
    let text = error.to_string();
    for part in [
        "mixed.proto",
        "mixed.v1.Colour",
        "mixed.v1.MixRequest.amount",
        "prost-reflect",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn proto2_has_closed_enums_and_unverified_text() {
    let proto = r#"syntax = "proto2"; package old;
        message M { required string name = 1; repeated int32 numbers = 2; optional E e = 3; }
        enum E { E_A = 3; }"#;
    let contract = Contract::decode(&image(&[("old.proto", proto)])).expect("it is sound");
    let features = contract.features();
    assert!(features.closed_enums.contains("old.E"));
    assert!(features.unvalidated_texts.contains("old.M.name"));
    assert!(features.with_required_fields.contains("old.M"));
    assert!(!field(&contract, "old.M", "numbers").is_packed());
}

#[test]
fn names_that_differ_only_in_case_are_read() {
    let contract = editions::cases();
    let request = contract.message("cases.v1.CompareRequest");
    let names: Vec<&str> = request
        .expect("it exists")
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["name", "Name"]);
    // In a file of an edition without fields that lack presence, there is no conflict at all.
    let contract = editions::library();
    assert!(field(&contract, "library.v1.LendRequest", "Note").supports_presence());
}
