//! Runs the binary as a user does, and checks its output and exit codes.

mod action;
mod bad_input;
mod baseline;
mod check;
mod fixtures;
mod replay;
mod serve;
mod shop_server;
mod test_contracts;
mod tls;
mod watch;
mod without_server;

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs the binary in a folder, without settings from the environment.
fn proofread(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofread"));
    command.args(arguments).current_dir(folder);
    for variable in ["PROOFREAD_CONTRACT", "PROOFREAD_CONFIG"] {
        command.env_remove(variable);
    }
    command.output().expect("the binary runs")
}

/// Runs the binary in a folder, asserts its exit code, and returns standard output.
fn stdout(folder: &Path, arguments: &[&str], exit: i32) -> String {
    let output = proofread(folder, arguments);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(
        output.status.code(),
        Some(exit),
        "{arguments:?}\n{stdout}\n{stderr}"
    );
    stdout.into_owned()
}

/// Runs the binary, asserts that it exits with 2 and one line of error, and returns the line.
fn error_line(folder: &Path, arguments: &[&str]) -> String {
    let output = proofread(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{error}");
    assert_eq!(error.lines().count(), 1, "{arguments:?}\n{error}");
    assert!(error.starts_with("proofread: "), "{error}");
    error
}

/// A report with the address and the duration, which differ between runs, replaced.
fn normalized(text: &str, address: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("  in ") {
        Some((before, _)) if line.starts_with("total") => format!("{before}  in TIME"),
        _ => line.replace(address, "HOST:PORT"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
