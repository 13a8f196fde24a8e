//! Every package is described.

use std::path::Path;

use proofread::reference;

use super::*;

/// Packages without a page in the folder of the reference.
fn without_page(contract: &Contract, folder: &Path) -> Vec<String> {
    let pages = reference::pages(contract);
    let missing = pages.keys().filter(|name| !folder.join(name).exists());
    missing
        .map(|name| format!("{name}: run `just gen`"))
        .collect()
}

/// Packages, services, methods, messages, fields and enums without a comment.
fn without_comment(held: &Held<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    let mut check = |name: &str, comment: &str| {
        if comment.is_empty() {
            offenders.push(name.to_owned());
        }
    };
    for package in &held.packages {
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
    let offenders = without_page(&ours(), &generated("docs"));
    expect_none("every package has a page in the reference", &offenders);
}

#[test]
fn everything_has_a_comment() {
    let contract = ours();
    let offenders = without_comment(&Held::of(&contract));
    expect_none("everything in the contract says what it is", &offenders);
}

#[test]
fn missing_pages_are_found() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let offenders = without_page(&bad("message Empty {}"), folder.path());
    expect_found(
        &offenders,
        &["README.md", "proofread.v1.md", "shop.v1.md", "unset.md"],
    );
}

#[test]
fn missing_comments_are_found() {
    let contract = bad("service Shop { rpc Ask(Request) returns (Request); } \
         message Request { Kind kind = 1; } enum Kind { NONE = 0; }");
    let names = [
        "Shop",
        "Shop.Ask",
        "Request",
        "Request.kind",
        "Kind",
        "Kind.NONE",
    ];
    expect_found(&without_comment(&Held::of(&contract)), &names);
}
