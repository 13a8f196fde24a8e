//! Declared error reasons are well formed and have one code each.

use std::collections::BTreeMap;

use proofread::contract::{Code, DeclaredError};

use super::*;

/// Every declared error of a package, with the element that declares it.
fn declared(package: &Package) -> Vec<(String, &DeclaredError)> {
    let mut declared = Vec::new();
    for service in &package.services {
        let common = service.common_errors.iter();
        declared.extend(common.map(|error| (service.full_name.clone(), error)));
        for method in &service.methods {
            let own = method.errors.iter();
            declared.extend(own.map(|error| (method_location(method), error)));
        }
    }
    declared
}

/// Reasons that are not in UPPER_SNAKE_CASE. The reason may be empty, for errors of the
/// transport.
fn malformed(checked: &CheckedContract<'_>) -> Vec<String> {
    let declared = checked
        .packages
        .iter()
        .flat_map(|package| declared(package));
    let is_upper_case = |word: &str| {
        let mut letters = word.chars();
        !word.is_empty() && letters.all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    };
    let malformed = declared.filter(|(_, error)| {
        let begins_well = error
            .reason
            .starts_with(|first: char| first.is_ascii_uppercase());
        let is_well_formed = begins_well && error.reason.split('_').all(is_upper_case);
        !error.reason.is_empty() && !is_well_formed
    });
    malformed
        .map(|(location, error)| format!("{location}: {:?}", error.reason))
        .collect()
}

/// Reasons that are declared with different codes within a package.
fn ambiguous(checked: &CheckedContract<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for package in &checked.packages {
        let mut codes: BTreeMap<&str, Code> = BTreeMap::new();
        for (location, error) in declared(package) {
            if error.reason.is_empty() {
                continue;
            }
            let first = *codes.entry(&error.reason).or_insert(error.code);
            if first != error.code {
                let reason = &error.reason;
                offenders.push(format!(
                    "{location}: {reason} as {}, elsewhere {first}",
                    error.code
                ));
            }
        }
    }
    offenders
}

/// Methods that declare the same code and reason twice, together with their service.
fn repeated(checked: &CheckedContract<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for service in checked.services() {
        for method in &service.methods {
            let errors: Vec<_> = method.errors.iter().chain(&service.common_errors).collect();
            for (index, error) in errors.iter().enumerate() {
                let same = |other: &&DeclaredError| {
                    other.reason == error.reason && other.code == error.code
                };
                if errors[..index].iter().any(same) {
                    let location = method_location(method);
                    offenders.push(format!("{location}: {} {} twice", error.code, error.reason));
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
    let contract = bookstore_contract();
    let offenders = malformed(&CheckedContract::new(&contract));
    assert_no_offenders("every reason is in UPPER_SNAKE_CASE", &offenders);
}

#[test]
fn every_reason_has_one_code() {
    let contract = bookstore_contract();
    let offenders = ambiguous(&CheckedContract::new(&contract));
    assert_no_offenders("every reason has one code within its package", &offenders);
}

#[test]
fn every_error_is_declared_once() {
    let contract = bookstore_contract();
    let offenders = repeated(&CheckedContract::new(&contract));
    assert_no_offenders(
        "no method repeats an error, including the errors of its service",
        &offenders,
    );
}

#[test]
fn invalid_reasons_are_found() {
    let contract = invalid_contract(BAD);
    let checked = CheckedContract::new(&contract);
    assert_offenders(
        &malformed(&checked),
        &["Shop.Ask: \"not_there\"", "BY__CHANCE"],
    );
    assert_offenders(
        &ambiguous(&checked),
        &["Shop.Ask: CLOSED as ABORTED, elsewhere UNAVAILABLE"],
    );
    assert_offenders(&repeated(&checked), &["Shop.Ask: DEADLINE_EXCEEDED  twice"]);
}
