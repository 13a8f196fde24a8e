//! The commands that work without a server: explain, cases and diff.

use crate::{
    stdout,
    test_contracts::{changed_image, folder, write},
};

#[test]
fn explain_describes_a_method() {
    let folder = folder();
    let text = stdout(
        folder.path(),
        &["explain", "Secret", "--contract=shop.binpb"],
        0,
    );
    insta::assert_snapshot!(text);
    let json = stdout(
        folder.path(),
        &["explain", "Get", "--contract=shop.binpb", "--json"],
        0,
    );
    let json: serde_json::Value = serde_json::from_str(&json).expect("the text is JSON");
    assert_eq!(json["fields"][0]["path"], "id");
}

#[test]
fn cases_are_listed_with_their_reasons() {
    let folder = folder();
    let arguments = [
        "cases",
        "--contract=shop.binpb",
        "--include=Get",
        "--phases=baseline,unset,boundary",
    ];
    insta::assert_snapshot!(stdout(folder.path(), &arguments, 0));
}

#[test]
fn cases_are_json_lines_and_reproducible_by_seed() {
    let folder = folder();
    let arguments = [
        "cases",
        "--contract=shop.binpb",
        "--json",
        "--phases=random",
        "--random=5",
        "--seed=3",
    ];
    let text = stdout(folder.path(), &arguments, 0);
    assert_eq!(text.lines().count(), 15, "five for each method\n{text}");
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("the text is JSON");
        assert_eq!(case["phase"], "random");
    }
    assert_eq!(stdout(folder.path(), &arguments, 0), text);
}

#[test]
fn breaking_change_exits_with_1() {
    let folder = folder();
    write(
        folder.path(),
        "tight.binpb",
        &changed_image("lte: 100\n", "lte: 50\n"),
    );
    let broken = stdout(folder.path(), &["diff", "shop.binpb", "tight.binpb"], 1);
    insta::assert_snapshot!(broken);
    let loosened = stdout(folder.path(), &["diff", "tight.binpb", "shop.binpb"], 0);
    assert!(
        loosened.contains("no breaking change; 2 loosenings"),
        "{loosened}"
    );
    let json = stdout(
        folder.path(),
        &["diff", "shop.binpb", "shop.binpb", "--json"],
        0,
    );
    let json: serde_json::Value = serde_json::from_str(&json).expect("the text is JSON");
    assert_eq!(json["compared"], 3);
}

#[test]
fn completions_and_man_pages_are_generated() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(folder.path(), &["completions", shell], 0);
        assert!(script.contains("update-baseline"), "{script}");
    }
    stdout(folder.path(), &["man", "pages"], 0);
    let page = std::fs::read_to_string(folder.path().join("pages/proofread-check.1"));
    assert!(page.expect("the page was written").contains("baseline"));
}
