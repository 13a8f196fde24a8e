//! `proofread serve`: a server for any contract, tested by `proofread check`.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    error_line, normalized, stdout,
    test_contracts::{folder, write},
};

const BOOKSTORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gen/contract.binpb");

const PHASES: &str = "--phases=unset,boundary";

/// A running `proofread serve`, which ends with the value.
pub struct MockServer {
    process: Child,
    pub url: String,
}

impl MockServer {
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_proofread"))
            .args(["serve", "--addr=127.0.0.1:0"])
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let output = process.stdout.take().expect("the output is captured");
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        read.expect("the server prints its address");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_default();
        Self {
            process,
            url: url.to_owned(),
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn served_bookstore_keeps_its_contract() {
    let folder = folder();
    let contract = format!("--contract={BOOKSTORE}");
    let server = MockServer::start(folder.path(), &[&contract, "--credential=operator=op"]);
    let config = "\
        [credentials]\n\
        operator.token = 'op'\n\
        account.token = 'account'\n\
        cart = { token = 'cart', header = 'bindery-service: cart {token}' }\n\
        [credentials.recommendations]\n\
        token = 'recommendations'\n\
        header = 'bindery-service: recommendations {token}'\n\
        [credentials.reviews]\n\
        token = 'reviews'\n\
        header = 'bindery-service: reviews {token}'\n\
        [credentials.accounts]\n\
        token = 'accounts'\n\
        header = 'bindery-service: accounts {token}'\n";
    write(folder.path(), "proofread.toml", config.as_bytes());
    let check = [
        "check",
        &server.url,
        &contract,
        "--random-cases=10",
        "--details=both",
        // All calls are answered on one thread, without optimization.
        "--timeout=60s",
        // It stores nothing.
        "--phases=baseline,unset,boundary,wire,behaviour,random",
    ];
    let report = stdout(folder.path(), &check, 0);
    assert!(report.contains("keeps its contract"), "{report}");
    assert!(!report.contains("uncovered ("), "{report}");
    assert!(!report.contains("defects of proofread"), "{report}");
}

/// Serves the shop with a deviation, and returns the kinds and ids of all findings.
fn findings(folder: &Path, deviation: &str, phases: &str) -> (Vec<String>, Vec<String>) {
    let server = MockServer::start(folder, &["--contract=shop.binpb", "--break", deviation]);
    let check = [
        "check",
        &server.url,
        "--contract=shop.binpb",
        "--credential=account=account",
        phases,
        "--report=json=report.json",
    ];
    stdout(folder, &check, 1);
    let report = fs::read(folder.join("report.json")).expect("the report was written");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("it is JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let kinds = all(&report["report"]["findings"]);
    let kinds = kinds
        .iter()
        .map(|it| text(&it["finding"]["kind"]))
        .collect();
    let ids = all(&report["report"]["ids"]).iter().map(text).collect();
    (kinds, ids)
}

#[test]
fn each_kind_of_deviation_is_found() {
    let folder = folder();
    for kind in [
        "rule-not-checked",
        "valid-refused",
        "wrong-code",
        "wrong-violations",
        "wrong-details",
        "undeclared-error",
        "bad-response",
        "trailer-too-big",
        "protocol",
        "behaviour",
        "crash",
    ] {
        let phases = match kind {
            "behaviour" => "--phases=behaviour",
            _ => PHASES,
        };
        let (kinds, ids) = findings(folder.path(), kind, phases);
        assert!(kinds.contains(&kind.to_owned()), "{kind}: {ids:?}");
        // Deviations in the form of an answer show in every answer.
        if !["trailer-too-big", "protocol"].contains(&kind) {
            assert!(kinds.iter().all(|it| it == kind), "{kind}: {ids:?}");
        }
    }
}

#[test]
fn rule_that_is_not_checked_is_found() {
    let folder = folder();
    for deviation in ["int32.gte_lte", "id int32.gte_lte"] {
        let (_, ids) = findings(folder.path(), deviation, PHASES);
        assert!(
            ids.iter()
                .all(|id| id.ends_with("rule-not-checked id int32.gte_lte")),
            "{ids:?}"
        );
    }
    let serve = ["serve", "--contract=shop.binpb", "--break"];
    let error = error_line(
        folder.path(),
        &[serve.as_slice(), &["int32.gte_lt"]].concat(),
    );
    assert!(error.contains("did you mean \"int32.gte_lte\"?"), "{error}");
}

/// The written configuration runs, and is not overwritten.
#[test]
fn init_writes_a_configuration_that_runs() {
    let folder = folder();
    let server = MockServer::start(folder.path(), &["--contract=shop.binpb"]);
    stdout(
        folder.path(),
        &["init", &server.url, "--contract=shop.binpb"],
        0,
    );
    let path = folder.path().join("proofread.toml");
    let written = fs::read_to_string(&path).expect("the file was written");
    let address = server.url.trim_start_matches("http://");
    insta::assert_snapshot!(normalized(&written, address));
    let report = stdout(folder.path(), &["check"], 0);
    assert!(report.contains("profile strict"), "{report}");
    let error = error_line(folder.path(), &["init", &server.url]);
    assert!(error.contains("proofread.toml exists already"), "{error}");
}

#[test]
fn metadata_asks_for_an_error_or_a_deviation() {
    let folder = folder();
    let server = MockServer::start(folder.path(), &["--contract=shop.binpb"]);
    let check = |header: &str, exit: i32| {
        let check = [
            "check",
            &server.url,
            "--contract=shop.binpb",
            "--include=Secret",
        ];
        let more = [
            "--credential=account=account",
            "--phases=unset",
            "--timeout=300ms",
        ];
        let header = ["--header", header];
        stdout(
            folder.path(),
            &[check.as_slice(), &more, &header].concat(),
            exit,
        )
    };
    let declared = check("proofread-error: UNAUTHENTICATED", 0);
    assert!(declared.contains("only by UNAUTHENTICATED"), "{declared}");
    let other = check("proofread-error: NOT_FOUND", 1);
    assert!(other.contains("declares no error"), "{other}");
    let deviation = check("proofread-break: wrong-code", 1);
    assert!(deviation.contains("wrong code"), "{deviation}");
    let late = check("proofread-delay: 1h", 1);
    assert!(late.contains("no answer within 300ms"), "{late}");
}
