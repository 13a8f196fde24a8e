//! Fixtures from calls: one method creates a ticket, another one uses it up.

use std::path::Path;

use crate::{
    error_line,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{folder, tickets_image, write},
};

const CALL_FIXTURE: &str = r#"
[fixtures."*.ticket_id"]
call = "Tickets/Open"
request = { key = "${uuid}" }
field = "ticket.id"
"#;

/// A folder with the contract of the ticket service and this configuration.
fn tickets_folder(config: &str) -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "tickets.binpb", &tickets_image());
    configure(folder.path(), config);
    folder
}

fn configure(folder: &Path, config: &str) {
    write(folder, "proofread.toml", config.as_bytes());
}

fn check(shop: &Shop, folder: &Path, exit: i32) -> String {
    let url = shop.url();
    let only = ["--include=Close", "--phases=boundary,random"];
    let check = ["check", &url, "--contract=tickets.binpb"];
    stdout(folder, &[check.as_slice(), &only].concat(), exit)
}

#[test]
fn field_gets_its_values_from_a_call() {
    let (shop, folder) = (Shop::open(Mode::Correct), tickets_folder(""));
    let without = check(&shop, folder.path(), 0);
    let reason = "no valid request was answered by OK, only by NOT_FOUND";
    assert!(without.contains(reason), "{without}");
    for count in ["", "count = 5"] {
        configure(folder.path(), &format!("{CALL_FIXTURE}{count}"));
        let with = check(&shop, folder.path(), 0);
        assert!(!with.contains("uncovered"), "{with}");
    }
    let only = ["cases", "--contract=tickets.binpb", "--include=Close"];
    let cases = stdout(folder.path(), &only, 0);
    let text = "tickets.v1.CloseRequest.ticket_id gets its values from a call of tickets.v1.Tickets/Open; without a server, generated values are shown";
    assert!(cases.contains(text), "{cases}");
    let explain = stdout(
        folder.path(),
        &["explain", "Close", "--contract=tickets.binpb"],
        0,
    );
    assert!(explain.contains(text), "{explain}");
}

/// The ticket of the recorded run is used up: sent again, it would get NOT_FOUND, which is
/// declared, and the failure would look fixed.
#[test]
fn replay_fetches_new_fixture_values() {
    let (shop, folder) = (Shop::open(Mode::Lax), tickets_folder(CALL_FIXTURE));
    let found = check(&shop, folder.path(), 1);
    assert!(found.contains("UNKNOWN"), "{found}");
    let failed = stdout(folder.path(), &["replay", "failures.json"], 1);
    assert!(failed.contains("FAILED #1"), "{failed}");
    shop.set_mode(Mode::Correct);
    stdout(folder.path(), &["replay", "failures.json"], 0);

    // The ticket that the first failure uses up is fetched again for the second one.
    configure(folder.path(), &format!("{CALL_FIXTURE}count = 5"));
    shop.set_mode(Mode::Lax);
    let found = check(&shop, folder.path(), 1);
    assert!(found.contains("UNKNOWN"), "{found}");
    configure(folder.path(), CALL_FIXTURE);
    let failed = stdout(folder.path(), &["replay", "failures.json"], 1);
    assert!(failed.contains("FAILED #2"), "{failed}");
    assert!(!failed.contains("FIXED"), "{failed}");

    configure(folder.path(), "");
    let text = error_line(folder.path(), &["replay", "failures.json"]);
    assert!(
        text.contains("values of tickets.v1.CloseRequest.ticket_id that a call returned"),
        "{text}"
    );
}

#[test]
fn failing_fixture_call_is_reported_with_its_line() {
    let (shop, folder) = (Shop::open(Mode::Correct), tickets_folder(""));
    let url = shop.url();
    let check = [
        "check",
        &url,
        "--contract=tickets.binpb",
        "--phases=baseline",
    ];
    for (from, to, expected) in [
        (
            "Tickets/Open",
            "Tickets/Opne",
            r#"proofread.toml:3: the contract has no method "Tickets/Opne"; did you mean "tickets.v1.Tickets/Open"?"#,
        ),
        (
            "ticket.id",
            "tickets.id",
            r#"proofread.toml:5: tickets.v1.OpenResponse has no field "tickets"; did you mean "ticket"?"#,
        ),
        (
            "ticket.id",
            "note.id",
            "proofread.toml:5: tickets.v1.OpenResponse.note has no fields",
        ),
        (
            "ticket.id",
            "note",
            r#"proofread.toml:5: can't get the fixture "*.ticket_id": the response of /tickets.v1.Tickets/Open has no value in "note""#,
        ),
        (
            "ticket.id",
            "ticket",
            r#"proofread.toml:5: can't get the fixture "*.ticket_id": tickets.v1.CloseRequest.ticket_id: the fixture {"id":"ticket-"#,
        ),
        (
            "key =",
            "kee =",
            r#"proofread.toml:4: can't get the fixture "*.ticket_id": the request is not a valid tickets.v1.OpenRequest"#,
        ),
        (
            r#"field = "ticket.id""#,
            "",
            r#"proofread.toml:2: the fixture "*.ticket_id": call needs field, the path of the value in the response"#,
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
        configure(folder.path(), &CALL_FIXTURE.replace(from, to));
        let text = error_line(folder.path(), &check);
        assert!(text.contains(expected), "{text}");
    }
    let twice = CALL_FIXTURE.replace("${uuid}", "the same") + "count = 2\n";
    configure(folder.path(), &twice);
    let text = error_line(folder.path(), &check);
    let expected = r#"proofread.toml:3: can't get the fixture "*.ticket_id": /tickets.v1.Tickets/Open answers ALREADY_EXISTS"#;
    assert!(text.contains(expected), "{text}");
}
