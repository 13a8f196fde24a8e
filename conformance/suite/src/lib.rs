//! The bookstore's own conformance suite.
//!
//! `tests/unset.rs` sends every request of the contract with one field left unset,
//! and keeps what came back as one snapshot a method: whoever reviews a change of
//! the contract sees in them exactly what users will experience. `just conformance`
//! runs it after `proofread check` over everything else.

#![forbid(unsafe_code)]

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// A running bookstore with a data folder of its own; ends when it is dropped.
#[derive(Debug)]
pub struct Bookstore {
    process: Child,
    folder: TempDir,
    /// Where it serves gRPC: `http://127.0.0.1:40123`.
    pub grpc: String,
}

impl Bookstore {
    /// Builds the binary if need be, starts it on free ports and waits until it is open.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(binary()?)
            .arg("up")
            .arg("--data")
            .arg(folder.path().join("data"))
            .args(["--grpc-addr=127.0.0.1:0", "--shop-addr=127.0.0.1:0"])
            .args(["--metrics-addr=127.0.0.1:0", "--log=error"])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("its output is piped")?;
        let address = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| grpc_address(&line));
        let bookstore = Self {
            process,
            folder,
            grpc: format!("http://{}", address.clone().unwrap_or_default()),
        };
        ensure!(address.is_some(), "the bookstore ended before it was open");
        Ok(bookstore)
    }

    /// The operator's token.
    pub fn operator_token(&self) -> anyhow::Result<String> {
        let path = self.folder.path().join("data/operator.token");
        Ok(std::fs::read_to_string(path)?.trim().to_owned())
    }
}

impl Drop for Bookstore {
    fn drop(&mut self) {
        // If it has ended by itself there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `  gRPC     127.0.0.1:40123 (plaintext; ...)`
fn grpc_address(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("gRPC"), Some(address)) => Some(address.to_owned()),
        _ => None,
    }
}

/// Cargo builds the binaries of other packages for nobody's tests, so it is asked to. It
/// is quick where there is nothing to do.
fn binary() -> anyhow::Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test
        .ancestors()
        .nth(2)
        .context("tests lie in target/PROFILE/deps")?;
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "bookstore", "--target-dir"]);
    build.arg(
        profile
            .parent()
            .context("a profile lies in the target folder")?,
    );
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.current_dir(root()).status()?;
    ensure!(status.success(), "the bookstore does not build");
    Ok(profile.join("bookstore"))
}

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
