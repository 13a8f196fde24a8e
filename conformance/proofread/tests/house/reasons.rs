//! Declared reasons are well formed and always come with the same code.

use std::collections::BTreeMap;

use proofread::contract::{Code, DeclaredError};

use super::*;

/// Every declared error of a package, with the place that declares it.
fn declared(package: &Package) -> Vec<(String, &DeclaredError)> {
    let mut declared = Vec::new();
    for service in &package.services {
        let common = service.common_errors.iter();
        declared.extend(common.map(|error| (service.full_name.clone(), error)));
        for method in &service.methods {
            let own = method.errors.iter();
            declared.extend(own.map(|error| (place_of_method(method), error)));
        }
    }
    declared
}

/// Reasons that are not in UPPER_SNAKE_CASE. None is right where the transport
/// makes the error.
fn malformed(held: &Held<'_>) -> Vec<String> {
    let declared = held.packages.iter().flat_map(|package| declared(package));
    let is_word = |word: &str| {
        let mut letters = word.chars();
        !word.is_empty() && letters.all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    };
    let malformed = declared.filter(|(_, error)| {
        let begins_well = error
            .reason
            .starts_with(|first: char| first.is_ascii_uppercase());
        let is_well_formed = begins_well && error.reason.split('_').all(is_word);
        !error.reason.is_empty() && !is_well_formed
    });
    malformed
        .map(|(place, error)| format!("{place}: {:?}", error.reason))
        .collect()
}

/// Reasons that come with different codes within a package.
fn ambiguous(held: &Held<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for package in &held.packages {
        let mut codes: BTreeMap<&str, Code> = BTreeMap::new();
        for (place, error) in declared(package) {
            if error.reason.is_empty() {
                continue;
            }
            let first = *codes.entry(&error.reason).or_insert(error.code);
            if first != error.code {
                let reason = &error.reason;
                offenders.push(format!(
                    "{place}: {reason} as {}, elsewhere {first}",
                    error.code
                ));
            }
        }
    }
    offenders
}

/// A method that declares the same reason, or a code without reason, twice.
fn repeated(held: &Held<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for service in held.services() {
        for method in &service.methods {
            let errors: Vec<_> = method.errors.iter().chain(&service.common_errors).collect();
            for (index, error) in errors.iter().enumerate() {
                let same = |other: &&DeclaredError| {
                    other.reason == error.reason && other.code == error.code
                };
                if errors[..index].iter().any(same) {
                    let place = place_of_method(method);
                    offenders.push(format!("{place}: {} {} twice", error.code, error.reason));
                }
            }
        }
    }
    offenders
}

const BAD: &str = r#"
    service Shop {
      option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE, reason: "CLOSED", when: "at night"};
      rpc Ask(Request) returns (Request) {
        option (proofread.v1.errors) = {code: CODE_NOT_FOUND, reason: "not_there", when: "it is gone"};
        option (proofread.v1.errors) = {code: CODE_ABORTED, reason: "CLOSED", when: "at noon"};
        option (proofread.v1.errors) = {code: CODE_ABORTED, reason: "BY__CHANCE", when: "by chance"};
        option (proofread.v1.errors) = {code: CODE_DEADLINE_EXCEEDED, when: "late"};
        option (proofread.v1.errors) = {code: CODE_DEADLINE_EXCEEDED, when: "later"};
      }
    }
    message Request {}
"#;

#[test]
fn reasons_are_upper_snake_case() {
    let contract = ours();
    let offenders = malformed(&Held::of(&contract));
    expect_none("every reason is in UPPER_SNAKE_CASE", &offenders);
}

#[test]
fn a_reason_has_one_code() {
    let contract = ours();
    let offenders = ambiguous(&Held::of(&contract));
    expect_none(
        "every reason comes with one code within its package",
        &offenders,
    );
}

#[test]
fn an_error_is_declared_once() {
    let contract = ours();
    let offenders = repeated(&Held::of(&contract));
    expect_none(
        "every method declares an error once, its service included",
        &offenders,
    );
}

#[test]
fn wrong_reasons_are_found() {
    let contract = bad(BAD);
    let held = Held::of(&contract);
    expect_found(
        &malformed(&held),
        &["Shop.Ask: \"not_there\"", "BY__CHANCE"],
    );
    expect_found(
        &ambiguous(&held),
        &["Shop.Ask: CLOSED as ABORTED, elsewhere UNAVAILABLE"],
    );
    expect_found(&repeated(&held), &["Shop.Ask: DEADLINE_EXCEEDED  twice"]);
}
