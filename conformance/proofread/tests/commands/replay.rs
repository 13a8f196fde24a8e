use std::fs;

use crate::{
    error_line, normalized,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{changed_image, folder, write},
};

#[test]
fn recorded_failures_are_failed_until_they_are_fixed() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let url = shop.url();
    let only = [
        "--phases=unset,boundary",
        "--include=Get",
        "--failures=found.json",
    ];
    let check = ["check", &url, "--contract=shop.binpb"];
    stdout(folder.path(), &[check.as_slice(), &only].concat(), 1);

    let recorded = fs::read_to_string(folder.path().join("found.json")).expect("it was written");
    let recorded: serde_json::Value = serde_json::from_str(&recorded).expect("it is JSON");
    let count = recorded["failures"].as_array().expect("it is a list").len();
    assert!(count > 0 && recorded["url"] == url.as_str());

    let failed = stdout(folder.path(), &["replay", "found.json"], 1);
    insta::assert_snapshot!(normalized(&failed, &shop.address.to_string()));
    assert_eq!(failed.matches("FAILED").count(), count);

    shop.set_mode(Mode::Correct);
    let fixed = stdout(folder.path(), &["replay", "found.json"], 0);
    assert_eq!(fixed.matches("FIXED").count(), count, "{fixed}");
    let one = stdout(
        folder.path(),
        &["replay", "found.json", "--only=1", "--json"],
        0,
    );
    let one: serde_json::Value = serde_json::from_str(&one).expect("it is JSON");
    assert_eq!(one.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_contract_that_was_mended_counts_too() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let check = [
        "check",
        &shop.url(),
        "--contract=shop.binpb",
        "--phases=unset",
        "--include=Get",
    ];
    stdout(folder.path(), &check, 1);
    let mended = changed_image("gte: 1\n", "gte: 0\n");
    write(folder.path(), "shop.binpb", &mended);
    stdout(folder.path(), &["replay", "failures.json"], 0);
}

#[test]
fn what_is_no_record_is_told() {
    let folder = folder();
    write(folder.path(), "other.json", b"{}");
    let said = error_line(folder.path(), &["replay", "other.json"]);
    assert!(
        said.contains("other.json holds no failures of proofread"),
        "{said}"
    );
    let said = error_line(folder.path(), &["replay", "none.json"]);
    assert!(said.contains("can't read the failures none.json"), "{said}");
}

#[test]
fn a_credential_that_is_missing_is_told_and_not_taken_for_a_verdict() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let url = shop.url();
    let check = [
        "check",
        &url,
        "--contract=shop.binpb",
        "--phases=unset",
        "--include=Secret",
    ];
    let credential = ["--credential=account=sesame"];
    stdout(folder.path(), &[check.as_slice(), &credential].concat(), 1);
    let said = error_line(folder.path(), &["replay", "failures.json"]);
    assert!(
        said.contains("needs the credential account; give --credential account=TOKEN"),
        "{said}"
    );
    let with = [["replay", "failures.json"].as_slice(), &credential].concat();
    stdout(folder.path(), &with, 1);
    let recorded = fs::read_to_string(folder.path().join("failures.json")).expect("it was written");
    assert!(!recorded.contains("sesame"), "{recorded}");
}
