//! `proofread replay`.

use std::fs;

use crate::{
    error_line, normalized,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{changed_image, folder, write},
};

#[test]
fn replay_fails_until_the_server_is_fixed() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let url = shop.url();
    let only = [
        "--phases=unset,boundary",
        "--include=Get",
        "--failures=found.json",
    ];
    let check = ["check", &url, "--contract=shop.binpb"];
    stdout(folder.path(), &[check.as_slice(), &only].concat(), 1);

    let recorded =
        fs::read_to_string(folder.path().join("found.json")).expect("the file was written");
    let recorded: serde_json::Value = serde_json::from_str(&recorded).expect("the text is JSON");
    let count = recorded["failures"]
        .as_array()
        .expect("failures is a list")
        .len();
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
    let one: serde_json::Value = serde_json::from_str(&one).expect("the text is JSON");
    assert_eq!(one.as_array().map(Vec::len), Some(1));
}

#[test]
fn replay_passes_after_the_contract_is_changed() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let check = [
        "check",
        &shop.url(),
        "--contract=shop.binpb",
        "--phases=unset",
        "--include=Get",
    ];
    stdout(folder.path(), &check, 1);
    let changed = changed_image("gte: 1\n", "gte: 0\n");
    write(folder.path(), "shop.binpb", &changed);
    stdout(folder.path(), &["replay", "failures.json"], 0);
}

#[test]
fn invalid_failures_file_is_reported() {
    let folder = folder();
    write(folder.path(), "other.json", b"{}");
    let error = error_line(folder.path(), &["replay", "other.json"]);
    assert!(
        error.contains("other.json does not contain failures that proofread recorded"),
        "{error}"
    );
    let error = error_line(folder.path(), &["replay", "none.json"]);
    assert!(
        error.contains("can't read the failures none.json"),
        "{error}"
    );
}

#[test]
fn replay_without_the_credential_is_refused() {
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
    let error = error_line(folder.path(), &["replay", "failures.json"]);
    assert!(
        error.contains("needs the credential account; give --credential account=TOKEN"),
        "{error}"
    );
    let with = [["replay", "failures.json"].as_slice(), &credential].concat();
    stdout(folder.path(), &with, 1);
    let recorded =
        fs::read_to_string(folder.path().join("failures.json")).expect("the file was written");
    assert!(!recorded.contains("sesame"), "{recorded}");
}

/// None of the calls that were in flight is proved to be the cause of the crash.
#[test]
fn crash_that_does_not_happen_again_is_not_called_fixed() {
    let (shop, folder) = (Shop::open(Mode::HoldsId99), folder());
    let check = ["check", "--contract=shop.binpb", "--phases=unset,boundary"];
    let report = stdout(
        folder.path(),
        &[check.as_slice(), &[&shop.url()]].concat(),
        1,
    );
    assert!(report.contains("one of which may be the cause"), "{report}");
    assert!(!report.contains("grpcurl"), "{report}");

    let replay = |shop: &Shop| {
        let replay = ["replay", "failures.json", "--url", &shop.url()];
        stdout(folder.path(), &replay, 1)
    };
    let passed = replay(&Shop::open(Mode::Correct));
    assert!(passed.contains("NOT REPRODUCED"), "{passed}");
    assert!(!passed.contains("FIXED"), "{passed}");
    let failed = replay(&Shop::open(Mode::CrashesOnId100));
    assert!(failed.contains("FAILED"), "{failed}");
}

/// The contract is beside the working folder of the check, and the replay runs elsewhere.
#[test]
fn failures_can_be_replayed_from_another_folder() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    fs::create_dir_all(folder.path().join("ci/out")).expect("the folder can be created");
    let check = [
        "check",
        &shop.url(),
        "--contract=../shop.binpb",
        "--phases=unset",
        "--include=Get",
        "--failures=out/failures.json",
    ];
    stdout(&folder.path().join("ci"), &check, 1);
    let recorded = folder.path().join("ci/out/failures.json");
    let recorded = fs::read_to_string(recorded).expect("the file was written");
    assert!(recorded.contains("\"../../shop.binpb\""), "{recorded}");
    let replayed = stdout(folder.path(), &["replay", "ci/out/failures.json"], 1);
    assert!(replayed.contains("FAILED"), "{replayed}");
}
