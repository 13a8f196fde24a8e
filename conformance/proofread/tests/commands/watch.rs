//! Tests of `--watch`.

use std::{
    fs,
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

const PROTO: &str = r#"syntax = "proto3"; package shop.v1;
service Shop { rpc Get(GetRequest) returns (GetRequest); }
message GetRequest { int32 id = 1; }
"#;

/// A command that watches files. It is killed when this is dropped.
struct Watching {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Watching {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofread"));
        command.args(arguments).current_dir(folder);
        command
            .env_remove("PROOFREAD_CONTRACT")
            .env_remove("PROOFREAD_CONFIG");
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let output = child.stdout.take().expect("the output is a pipe");
        let output = BufReader::new(output).lines();
        Self { child, output }
    }

    /// Waits for a line that contains a text.
    fn wait_for(&mut self, text: &str) {
        let mut lines = self.output.by_ref().map_while(Result::ok);
        assert!(lines.any(|line| line.contains(text)), "no line has {text}");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn cases_are_shown_again_when_the_contract_or_the_configuration_changes() {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("the file can be written");
    };
    write("shop.proto", PROTO);
    let mut watching = Watching::start(
        folder.path(),
        &["cases", "--contract", "shop.proto", "--watch"],
    );
    watching.wait_for("shop.v1.Shop/Get");
    watching.wait_for("unset/id/unset");
    write("shop.proto", &PROTO.replace("int32 id", "int32 number"));
    watching.wait_for("unset/number/unset");
    // An error does not end it.
    write("shop.proto", "syntax = ");
    write("shop.proto", &PROTO.replace("Get(", "Fetch("));
    watching.wait_for("shop.v1.Shop/Fetch");
    write("proofread.toml", "profile = \"tonic\"\n");
    watching.wait_for("shop.v1.Shop/Fetch");
}

#[test]
fn watch_without_files_is_refused() {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let error = super::error_line(folder.path(), &["cases", "--watch"]);
    assert!(error.contains("--watch needs a contract"), "{error}");
}
