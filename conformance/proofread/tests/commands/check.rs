//! `proofread check` against servers that keep or break their contract.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{
    normalized,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{changed_image, folder, tickets_image, write},
};

/// The phases that the test server passes; it implements too little of gRPC for the others.
const PHASES: &str = "--phases=unset,boundary";

#[test]
fn correct_server_exits_with_0() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let arguments = ["check", &shop.url(), "--contract=shop.binpb", PHASES];
    let report = stdout(folder.path(), &arguments, 0);
    insta::assert_snapshot!(normalized(&report, &shop.address.to_string()));
    assert!(!folder.path().join("failures.json").exists());
}

#[test]
fn lax_server_exits_with_1_and_all_reports_are_written() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let reports = "--report=terminal,json=out/r.json,junit=out/r.xml,html=out/r.html";
    let arguments = [
        "check",
        &shop.url(),
        "--contract=shop.binpb",
        PHASES,
        reports,
    ];
    let report = stdout(folder.path(), &arguments, 1);
    insta::assert_snapshot!(normalized(&report, &shop.address.to_string()));

    let read =
        |name: &str| fs::read_to_string(folder.path().join(name)).expect("the file was written");
    let json: serde_json::Value =
        serde_json::from_str(&read("out/r.json")).expect("the text is JSON");
    assert_eq!(json["kept"], false);
    assert_eq!(json["summary"]["methods"][0]["name"], "shop.v1.Shop/Get");
    let junit = read("out/r.xml");
    assert!(
        junit.contains("<testsuite name=\"shop.v1.Shop/Get\""),
        "{junit}"
    );
    assert!(read("out/r.html").contains("breaks its contract"));
}

/// The contract is an image; the proto is found below the working folder.
#[test]
fn annotations_point_to_files_of_the_repository() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    for directory in ["repo/.git", "repo/api/shop/v1", "repo/ci"] {
        fs::create_dir_all(folder.path().join(directory)).expect("it can be created");
    }
    write(
        folder.path(),
        "repo/api/shop/v1/shop.proto",
        b"// found by its name\n",
    );
    let url = shop.url();
    let check = [
        "check",
        &url,
        "--contract=../../shop.binpb",
        PHASES,
        "--report=terminal,github,sarif=r.sarif,events=r.ndjson",
        "--failures-only",
    ];
    let here = folder.path().join("repo/ci");
    let printed = stdout(&here, &check, 1);
    let annotation = "::error file=api/shop/v1/shop.proto,line=30,title=rule not checked";
    assert!(printed.contains(annotation), "{printed}");
    assert!(!printed.contains("coverage"), "{printed}");
    let read = |name: &str| fs::read_to_string(here.join(name)).expect("it was written");
    let sarif: serde_json::Value = serde_json::from_str(&read("r.sarif")).expect("it is JSON");
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let uri = &location["artifactLocation"]["uri"];
    assert_eq!(*uri, "api/shop/v1/shop.proto", "{sarif}");
    let events = read("r.ndjson");
    assert!(events.starts_with("{\"event\":\"started\""), "{events}");
    assert!(events.contains("\"event\":\"found\""), "{events}");
    assert!(
        events
            .trim_end()
            .lines()
            .last()
            .is_some_and(|line| line.contains("breaks its contract"))
    );
}

#[test]
fn contract_is_read_by_reflection() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let report = stdout(folder.path(), &["check", &shop.url(), PHASES], 0);
    assert!(report.contains("keeps its contract"), "{report}");
}

#[test]
fn credential_comes_from_a_flag_a_header_or_a_call() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let only = ["check", "--contract=shop.binpb", PHASES, "--include=Secret"];
    let exits = |more: &[&str], code: i32| {
        let url = shop.url();
        stdout(
            folder.path(),
            &[only.as_slice(), &[&url], more].concat(),
            code,
        )
    };
    let check = |more: &[&str]| exits(more, 0);
    let without = exits(&[], 2);
    assert!(without.contains("only who may call is tested"), "{without}");
    assert!(without.contains("nothing was checked"), "{without}");

    write(folder.path(), "token", b"sesame\n");
    let given = check(&["--credential=account=@token"]);
    assert!(given.contains("of 1 method\n"), "{given}");
    let header = check(&["--header=authorization: Bearer sesame"]);
    assert!(header.contains("of 1 method\n"), "{header}");

    let config = "[credentials.account]\ncall = \"Shop/SignIn\"\nrequest = {name = \"me\"}\nfield = \"session.token\"";
    write(folder.path(), "proofread.toml", config.as_bytes());
    let called = check(&[]);
    assert!(called.contains("of 1 method\n"), "{called}");
}

#[test]
fn flags_override_the_configuration() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let url = shop.url();
    let config = format!(
        "url: {url}\ncontract: shop.binpb\nphases: [unset]\ninclude: [Get]\nseed: 5\nfixtures: {{'*.id': [7]}}\n"
    );
    write(folder.path(), "proofread.yaml", config.as_bytes());
    let report = stdout(folder.path(), &["check"], 0);
    assert!(
        report.contains("seed 5") && report.contains("of 1 method\n"),
        "{report}"
    );
    assert!(!report.contains("boundary"), "{report}");
    let report = stdout(
        folder.path(),
        &["check", "--seed=6", "--include=SignIn", PHASES],
        0,
    );
    assert!(
        report.contains("seed 6") && report.contains("boundary"),
        "{report}"
    );
    let cases = stdout(folder.path(), &["cases", "--json"], 0);
    assert!(
        cases
            .lines()
            .next()
            .is_some_and(|line| line.contains(r#""messages":[{"id":7}]"#)),
        "{cases}"
    );
}

#[test]
fn crash_of_the_server_is_reported_with_the_request() {
    let (shop, folder) = (Shop::open(Mode::CrashesOnId100), folder());
    let only = ["--include=Get", "--concurrency=1", "--timeout=2s"];
    let arguments = ["check", &shop.url(), "--contract=shop.binpb", PHASES];
    let report = stdout(folder.path(), &[arguments.as_slice(), &only].concat(), 1);
    assert!(report.contains("crash or hang"), "{report}");
    assert!(report.contains(r#"{"id":100}"#), "{report}");
    assert!(
        report.contains("ended early: the server went away"),
        "{report}"
    );
}

#[test]
fn unimplemented_method_fails_if_it_is_included_by_name() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    write(folder.path(), "tickets.binpb", &tickets_image());
    let url = shop.url();
    let check = |include: &str, exit: i32| {
        let only = ["--phases=baseline", include];
        let check = ["check", &url, "--contract=tickets.binpb"];
        stdout(folder.path(), &[check.as_slice(), &only].concat(), exit)
    };
    for named in ["--include=Count", "--include=tickets.v1.Tickets/Count"] {
        let report = check(named, 1);
        assert!(report.contains("UNIMPLEMENTED"), "{report}");
        assert!(report.contains("1 failure in 1 of 1 method"), "{report}");
    }
    // A pattern does not claim that the method exists, but then nothing is left to check.
    let report = check("--include=*Count", 2);
    assert!(report.contains("nothing was checked"), "{report}");
    let report = check("--include=tickets.*", 1);
    assert!(report.contains("1 failure in 1 of 3 methods"), "{report}");
}

/// The shop without `Secret` declares no errors, so that only the rule about
/// UNIMPLEMENTED can find this.
#[test]
fn unimplemented_method_fails_where_no_errors_are_declared() {
    let (shop, folder) = (Shop::open(Mode::WithoutSignIn), folder());
    let error = "option (proofread.v1.errors) = {\n      code: CODE_UNAUTHENTICATED\n      when: \"the caller has no session\"\n    };";
    write(folder.path(), "shop.binpb", &changed_image(error, ""));
    let url = shop.url();
    for only in [["--exclude=Secret"], ["--include=Shop/SignIn"]] {
        let check = ["check", &url, "--contract=shop.binpb", PHASES];
        let report = stdout(folder.path(), &[check.as_slice(), &only].concat(), 1);
        assert!(report.contains("UNIMPLEMENTED"), "{report}");
    }
}

/// The call that crashes the server is one of many in flight, and is found among them.
#[cfg(unix)]
#[test]
fn cause_of_a_crash_is_found_after_a_restart() {
    let folder = folder();
    let pipe = folder.path().join("restart");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is installed").success());
    let shop = Shop::restartable(Mode::CrashesOnId100, pipe);
    let arguments = [
        "check",
        &shop.url(),
        "--contract=shop.binpb",
        PHASES,
        "--restart-command=echo > restart",
    ];
    let report = stdout(folder.path(), &arguments, 1);
    assert!(report.contains("each time"), "{report}");
    assert!(report.contains(r#"{"id":100}"#), "{report}");
    assert!(!report.contains("ended early"), "{report}");
    assert!(!report.contains("may be the cause"), "{report}");
    assert!(report.contains("in 1 of 2 methods"), "{report}");
}

/// Starts a run that would take hours, and ends it by a signal.
#[cfg(unix)]
fn interrupt(shop: &Shop, folder: &Path, signal: &str) -> Output {
    let check = Command::new(env!("CARGO_BIN_EXE_proofread"))
        .args(["check", &shop.url(), "--contract=shop.binpb"])
        .args(["--phases=unset,random", "--random-cases=100000000"])
        .arg("--report=terminal,junit=report.xml")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    shop.wait_for_calls(500);
    let pid = check.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status();
    assert!(sent.expect("kill is installed").success());
    check.wait_with_output().expect("it ends")
}

#[cfg(unix)]
#[test]
fn interrupted_run_writes_reports_and_failures() {
    let (shop, folder) = (Shop::open(Mode::Lax), folder());
    let output = interrupt(&shop, folder.path(), "-INT");
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("it was interrupted"), "{report}");
    for file in ["report.xml", "failures.json"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

#[cfg(unix)]
#[test]
fn interrupted_run_without_failures_has_no_verdict() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let output = interrupt(&shop, folder.path(), "-TERM");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("there is no verdict"), "{error}");
    assert!(folder.path().join("report.xml").exists());
    assert!(!folder.path().join("failures.json").exists());
}
