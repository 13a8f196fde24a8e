//! The exit codes and messages of `proofread reference`, and of a wrong command line.

use std::{
    path::Path,
    process::{Command, Output},
};

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gen/contract.binpb");

fn proofread(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofread"));
    command.args(arguments).env_remove("PROOFREAD_CONTRACT");
    command.output().expect("the binary runs")
}

fn reference(contract: &str, folder: &Path, more: &[&str]) -> Output {
    let folder = folder.to_str().expect("the path is UTF-8");
    let arguments = ["reference", "--contract", contract, "--out", folder];
    proofread(&[arguments.as_slice(), more].concat())
}

#[test]
fn written_pages_pass_the_check() {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let before = reference(CONTRACT, folder.path(), &["--check"]);
    assert_eq!(before.status.code(), Some(1), "{before:?}");
    assert!(String::from_utf8_lossy(&before.stdout).contains("unset.md: outdated"));
    let written = reference(CONTRACT, folder.path(), &[]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let after = reference(CONTRACT, folder.path(), &["--check"]);
    assert_eq!(after.status.code(), Some(0), "{after:?}");
    assert!(after.stdout.is_empty(), "{after:?}");
}

#[test]
fn unreadable_contract_exits_with_2_and_a_message() {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let text = folder.path().join("contract.proto");
    std::fs::write(&text, "syntax = \"proto3\";").expect("the file can be written");
    let text = text.to_str().expect("the path is UTF-8");
    for (contract, expected) in [
        ("no/such/file", "can't read the contract no/such/file"),
        (text, "not a FileDescriptorSet"),
    ] {
        let output = reference(contract, folder.path(), &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.starts_with("proofread: ") && stderr.contains(expected),
            "{stderr}"
        );
    }
}

#[test]
fn wrong_command_line_exits_with_2() {
    assert_eq!(proofread(&["reference"]).status.code(), Some(2));
    assert_eq!(proofread(&["no-such-command"]).status.code(), Some(2));
}

#[test]
fn openapi_document_is_written_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("openapi.json");
    let openapi = |more: &[&str]| {
        let out = out.to_str().expect("UTF-8");
        let arguments = ["openapi", "--contract", CONTRACT, "--out", out];
        proofread(&[&arguments[..], more].concat())
    };
    assert_eq!(openapi(&["--check"]).status.code(), Some(1));
    assert_eq!(openapi(&[]).status.code(), Some(0));
    assert_eq!(openapi(&["--check"]).status.code(), Some(0));
    assert_eq!(
        openapi(&["--check", "--title=Other"]).status.code(),
        Some(1)
    );
}
