//! Fixtures that a call answers: what one method makes and another one uses up.

use std::path::Path;

use crate::{
    image::{folder, till_image, write},
    out, refused,
    server::{Mode, Shop},
};

const CALLED: &str = r#"
[fixtures."*.ticket_id"]
call = "Till/Open"
request = { key = "${uuid}" }
field = "ticket.id"
"#;

/// A folder with the contract of the till and this configuration.
fn till(config: &str) -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "till.binpb", &till_image());
    configure(folder.path(), config);
    folder
}

fn configure(folder: &Path, config: &str) {
    write(folder, "proofread.toml", config.as_bytes());
}

fn check(shop: &Shop, folder: &Path, exit: i32) -> String {
    let url = shop.url();
    let only = ["--include=Close", "--phases=boundary,random"];
    let check = ["check", &url, "--contract=till.binpb"];
    out(folder, &[check.as_slice(), &only].concat(), exit)
}

#[test]
fn a_field_gets_what_a_call_answers() {
    let (shop, folder) = (Shop::open(Mode::Correct), till(""));
    let without = check(&shop, folder.path(), 0);
    let reason = "no valid request was answered by OK, only by NOT_FOUND";
    assert!(without.contains(reason), "{without}");
    for count in ["", "count = 5"] {
        configure(folder.path(), &format!("{CALLED}{count}"));
        let with = check(&shop, folder.path(), 0);
        assert!(!with.contains("uncovered"), "{with}");
    }
    let only = ["cases", "--contract=till.binpb", "--include=Close"];
    let cases = out(folder.path(), &only, 0);
    let said = "till.v1.CloseRequest.ticket_id gets what till.v1.Till/Open answers; without a server it is made up";
    assert!(cases.contains(said), "{cases}");
    let explain = out(
        folder.path(),
        &["explain", "Close", "--contract=till.binpb"],
        0,
    );
    assert!(explain.contains(said), "{explain}");
}

/// The ticket of the run is used up: a stale one would be NOT_FOUND, which is declared,
/// and look as if the failure were mended.
#[test]
fn what_a_call_answered_is_got_anew_for_a_replay() {
    let (shop, folder) = (Shop::open(Mode::Lax), till(CALLED));
    let found = check(&shop, folder.path(), 1);
    assert!(found.contains("UNKNOWN"), "{found}");
    let failed = out(folder.path(), &["replay", "failures.json"], 1);
    assert!(failed.contains("FAILED #1"), "{failed}");
    shop.becomes(Mode::Correct);
    out(folder.path(), &["replay", "failures.json"], 0);

    // What the first failure uses up is got anew for the next one.
    configure(folder.path(), &format!("{CALLED}count = 5"));
    shop.becomes(Mode::Lax);
    let found = check(&shop, folder.path(), 1);
    assert!(found.contains("UNKNOWN"), "{found}");
    configure(folder.path(), CALLED);
    let failed = out(folder.path(), &["replay", "failures.json"], 1);
    assert!(failed.contains("FAILED #2"), "{failed}");
    assert!(!failed.contains("FIXED"), "{failed}");

    configure(folder.path(), "");
    let said = refused(folder.path(), &["replay", "failures.json"]);
    assert!(
        said.contains("values of till.v1.CloseRequest.ticket_id that a call answered"),
        "{said}"
    );
}

#[test]
fn a_call_that_does_not_answer_it_is_told_with_its_line() {
    let (shop, folder) = (Shop::open(Mode::Correct), till(""));
    let url = shop.url();
    let check = ["check", &url, "--contract=till.binpb", "--phases=baseline"];
    for (from, to, expected) in [
        (
            "Till/Open",
            "Till/Opne",
            r#"proofread.toml:3: the contract has no method "Till/Opne"; did you mean "till.v1.Till/Open"?"#,
        ),
        (
            "ticket.id",
            "tickets.id",
            r#"proofread.toml:5: till.v1.OpenResponse has no field "tickets"; did you mean "ticket"?"#,
        ),
        (
            "ticket.id",
            "note.id",
            "proofread.toml:5: till.v1.OpenResponse.note holds no fields",
        ),
        (
            "ticket.id",
            "note",
            r#"proofread.toml:5: can't get the fixture "*.ticket_id": the answer of /till.v1.Till/Open has nothing in "note""#,
        ),
        (
            "ticket.id",
            "ticket",
            r#"proofread.toml:5: can't get the fixture "*.ticket_id": till.v1.CloseRequest.ticket_id: the fixture {"id":"ticket-"#,
        ),
        (
            "key =",
            "kee =",
            r#"proofread.toml:4: can't get the fixture "*.ticket_id": the request is no till.v1.OpenRequest"#,
        ),
        (
            r#"field = "ticket.id""#,
            "",
            r#"proofread.toml:2: the fixture "*.ticket_id": call needs field, the place of the value in the response"#,
        ),
        (
            "field =",
            "filed =",
            r#"proofread.toml:5: unknown key "filed"; did you mean "field"?"#,
        ),
        (
            "*.ticket_id",
            "*.ticket_ids",
            r#"proofread.toml:2: fixtures: the contract has no field"#,
        ),
    ] {
        configure(folder.path(), &CALLED.replace(from, to));
        let said = refused(folder.path(), &check);
        assert!(said.contains(expected), "{said}");
    }
    let twice = CALLED.replace("${uuid}", "the same") + "count = 2\n";
    configure(folder.path(), &twice);
    let said = refused(folder.path(), &check);
    let expected = r#"proofread.toml:3: can't get the fixture "*.ticket_id": /till.v1.Till/Open answers ALREADY_EXISTS"#;
    assert!(said.contains(expected), "{said}");
}
