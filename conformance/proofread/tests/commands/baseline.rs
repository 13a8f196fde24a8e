//! `proofread check` with a baseline of known failures.

use std::fs;

use crate::{
    error_line,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{folder, write},
};

const FILE: &str = "proofread.baseline.toml";

/// All phases, so that the run can tell which entries are not needed any more.
fn check(shop: &Shop, folder: &tempfile::TempDir, more: &[&str], exit: i32) -> String {
    let url = shop.url();
    let check = ["check", &url, "--contract=shop.binpb", "--random-cases=20"];
    stdout(folder.path(), &[check.as_slice(), more].concat(), exit)
}

#[test]
fn known_failures_are_accepted_until_they_expire_or_are_fixed() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    check(&shop, &folder, &[], 1);
    check(&shop, &folder, &["--update-baseline=see issue 7"], 0);
    let path = folder.path().join(FILE);
    let written = fs::read_to_string(&path).expect("the file was written");
    let rule =
        "id = \"shop.v1.Shop/Get rule-not-checked id int32.gte_lte\"\nreason = \"see issue 7\"";
    assert!(written.contains(rule), "{written}");

    let passed = check(&shop, &folder, &[], 0);
    assert!(passed.contains("known failures accepted"), "{passed}");

    // One entry is missing: its failure is new.
    let others = written.replacen(
        "Shop/Get rule-not-checked id",
        "Shop/Get rule-not-checked i",
        1,
    );
    fs::write(&path, &others).expect("the file can be written");
    let failed = check(&shop, &folder, &[], 1);
    assert!(failed.contains("because of id int32.gte_lte"), "{failed}");
    assert!(failed.contains("known failures accepted"), "{failed}");
    assert!(failed.contains("no longer found: remove it"), "{failed}");

    let day = written.lines().find(|line| line.starts_with("expires"));
    let day = day.expect("entries have a day");
    let expired = written.replace(day, "expires = 2026-01-01");
    fs::write(&path, expired).expect("the file can be written");
    let failed = check(&shop, &folder, &[], 1);
    assert!(failed.contains("accepted until 2026-01-01"), "{failed}");
    assert!(failed.contains("see issue 7"), "{failed}");

    // The fixed server has only the failures of the small HTTP/2 server itself.
    shop.set_mode(Mode::Correct);
    check(&shop, &folder, &["--update-baseline=again"], 0);
    let written = fs::read_to_string(&path).expect("the file was written");
    assert!(!written.contains("rule-not-checked"), "{written}");
}

#[test]
fn partial_run_does_not_call_failures_fixed() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    check(&shop, &folder, &["--update-baseline=known"], 0);
    shop.set_mode(Mode::Correct);
    let report = check(&shop, &folder, &["--phases=unset"], 0);
    assert!(!report.contains("no longer found"), "{report}");
    let path = folder.path().join(FILE);
    let before = fs::read_to_string(&path).expect("the file was written");
    check(
        &shop,
        &folder,
        &["--phases=unset", "--update-baseline=x"],
        0,
    );
    let after = fs::read_to_string(&path).expect("the file was written");
    assert_eq!(before, after);
}

#[test]
fn missing_or_invalid_baseline_is_an_error() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let url = shop.url();
    let check = ["check", &url, "--contract=shop.binpb", "--baseline=b.toml"];
    let missing = error_line(folder.path(), &check);
    assert!(
        missing.contains("can't read the configuration b.toml"),
        "{missing}"
    );
    write(folder.path(), "b.toml", b"\n[[finding]]\nid = 'x'\n");
    let invalid = error_line(folder.path(), &check);
    assert!(
        invalid.contains("b.toml:2: missing field `reason`"),
        "{invalid}"
    );
}
