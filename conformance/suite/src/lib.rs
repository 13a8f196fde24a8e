//! The bookstore's own conformance suite.
//!
//! `tests/unset.rs` sends every request of the contract with one field unset and compares
//! the responses with one snapshot per method. The snapshots show the reviewer of a
//! contract change exactly what users will get. `just conformance` runs this suite after
//! `proofread check`. `tests/contract_rules` has the rules that the contract of this
//! repository keeps beyond those of buf's lints.

#![forbid(unsafe_code)]

mod account;
mod operator;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

pub use account::{AccountHelper, OpenedAccount, PASSWORD};
pub use operator::{
    OperatorHelper, REQUEST_REFUSED, UNDELIVERABLE, charge_with_undeliverable_receipt,
};

/// The secret by which a test proves to be a service.
pub const SERVICE_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A running bookstore process with a temporary data folder. Dropping it stops the process.
#[derive(Debug)]
pub struct Bookstore {
    process: Child,
    folder: TempDir,
    /// The gRPC address as a URL, for example `http://127.0.0.1:40123`.
    pub grpc: String,
}

impl Bookstore {
    /// Builds the binary if necessary, starts it on free ports and waits until it prints its
    /// gRPC address.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let secret = folder.path().join("service.secret");
        fs::write(&secret, SERVICE_SECRET)?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        let mut process = Command::new(binary()?)
            .arg("up")
            .arg("--data")
            .arg(folder.path().join("data"))
            .args(["--grpc-addr=127.0.0.1:0", "--shop-addr=127.0.0.1:0"])
            .args(["--metrics-addr=127.0.0.1:0", "--log=error"])
            .env("BINDERY_SERVICE_SECRET_FILE", &secret)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("stdout is piped")?;
        let address = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| grpc_address(&line));
        let bookstore = Self {
            process,
            folder,
            grpc: format!("http://{}", address.clone().unwrap_or_default()),
        };
        ensure!(
            address.is_some(),
            "the bookstore exited before it printed its gRPC address"
        );
        Ok(bookstore)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The operator token, which the bookstore writes to its data folder when it starts.
    pub fn operator_token(&self) -> anyhow::Result<String> {
        let path = self.data().join("operator.token");
        Ok(fs::read_to_string(path)?.trim().to_owned())
    }
}

impl Drop for Bookstore {
    fn drop(&mut self) {
        // An error means that the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in a line such as `  gRPC     127.0.0.1:40123 (plaintext; ...)`.
fn grpc_address(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("gRPC"), Some(address)) => Some(address.to_owned()),
        _ => None,
    }
}

/// Builds the bookstore and returns the path of its binary. Cargo does not build the
/// binaries of other packages for tests. The build is quick if nothing has changed.
fn binary() -> anyhow::Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test
        .ancestors()
        .nth(2)
        .context("test binaries are in target/PROFILE/deps")?;
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "bookstore", "--target-dir"]);
    build.arg(
        profile
            .parent()
            .context("the folder of a profile is in the target folder")?,
    );
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.current_dir(root()).status()?;
    ensure!(status.success(), "cargo build --package bookstore failed");
    Ok(profile.join("bookstore"))
}

/// The root folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
