//! Every element has a comment, and every package a page in the API reference.

use std::path::Path;

use proofread::reference;

use super::*;

/// Pages of the API reference that are missing in the folder.
fn without_page(contract: &Contract, folder: &Path) -> Vec<String> {
    let pages = reference::render_pages(contract);
    let missing = pages.keys().filter(|name| !folder.join(name).exists());
    missing
        .map(|name| format!("{name}: run `just gen`"))
        .collect()
}

/// Packages, services, methods, messages, fields and enums without a comment.
fn without_comment(checked: &CheckedContract<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    let mut check = |name: &str, comment: &str| {
        if comment.is_empty() {
            offenders.push(name.to_owned());
        }
    };
    for package in &checked.packages {
        for service in &package.services {
            check(&service.full_name, &service.comment);
            for method in &service.methods {
                check(&method.full_name, &method.comment);
            }
        }
        for message in &package.messages {
            check(&message.full_name, &message.comment);
            for field in &message.fields {
                check(&field.full_name, &field.comment);
            }
        }
        for enumeration in &package.enums {
            check(&enumeration.full_name, &enumeration.comment);
            for value in &enumeration.values {
                check(
                    &format!("{}.{}", enumeration.full_name, value.name),
                    &value.comment,
                );
            }
        }
    }
    offenders
}

#[test]
fn every_package_has_a_page() {
    let offenders = without_page(&bookstore_contract(), &generated("docs"));
    assert_no_offenders("every package has a page in the reference", &offenders);
}

#[test]
fn every_element_has_a_comment() {
    let contract = bookstore_contract();
    let offenders = without_comment(&CheckedContract::new(&contract));
    assert_no_offenders("every element of the contract has a comment", &offenders);
}

#[test]
fn missing_pages_are_found() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let offenders = without_page(&invalid_contract("message Empty {}"), folder.path());
    assert_offenders(
        &offenders,
        &["README.md", "proofread.v1.md", "shop.v1.md", "unset.md"],
    );
}

#[test]
fn missing_comments_are_found() {
    let contract = invalid_contract(
        "service Shop { rpc Ask(Request) returns (Request); } \
         message Request { Kind kind = 1; } enum Kind { NONE = 0; }",
    );
    let names = [
        "Shop",
        "Shop.Ask",
        "Request",
        "Request.kind",
        "Kind",
        "Kind.NONE",
    ];
    assert_offenders(&without_comment(&CheckedContract::new(&contract)), &names);
}
