//! Runs commands that exit by themselves, such as `import`.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use super::{Folder, send_signal};

/// A command that takes longer is considered to hang.
const LIMIT: Duration = Duration::from_secs(60);

/// The exit code and the output of a command.
#[derive(Debug)]
pub struct CommandOutput {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The binary with the folder as its working directory and without the BINDERY_* variables
/// of the environment. Backtraces are enabled because errors must not print one.
pub(super) fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookstore"));
    for (name, _) in std::env::vars_os() {
        let is_bindery = name
            .to_str()
            .is_some_and(|name| name.starts_with("BINDERY_"));
        if is_bindery || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .current_dir(folder.root())
        .env("RUST_BACKTRACE", "1");
    command
}

/// Runs a command and waits for it.
pub fn run(folder: &Folder, arguments: &[&str]) -> CommandOutput {
    finish(folder, command(folder, arguments).stdin(Stdio::null()))
}

/// Runs a command and waits for it. Permissions of files bind it, also if root runs the tests.
pub fn run_without_privileges(folder: &Folder, arguments: &[&str]) -> CommandOutput {
    let bookstore = command(folder, arguments);
    let as_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !as_root {
        return finish(folder, &mut { bookstore });
    }
    let mut command = Command::new("setpriv");
    command
        .arg("--bounding-set=-dac_override,-dac_read_search")
        .arg(bookstore.get_program())
        .args(bookstore.get_args())
        .current_dir(folder.root());
    finish(folder, &mut command)
}

/// Runs a command with the given standard input and environment variables.
pub fn run_with_input(
    folder: &Folder,
    arguments: &[&str],
    input: &str,
    variables: &[(&str, &str)],
) -> CommandOutput {
    let path = folder.unused_path("input");
    fs::write(&path, input).expect("the folder is writable");
    let input = File::open(path).expect("it was written");
    let mut command = command(folder, arguments);
    finish(folder, command.envs(variables.iter().copied()).stdin(input))
}

/// Runs a command whose standard output is a closed pipe; returns its exit code.
pub fn run_unread(folder: &Folder, arguments: &[&str]) -> Option<i32> {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let mut command = command(folder, arguments);
    let status = command.stdin(Stdio::null()).stdout(writer).status();
    status.expect("the binary is built").code()
}

fn finish(folder: &Folder, command: &mut Command) -> CommandOutput {
    let (stdout, stderr) = (folder.unused_path("stdout"), folder.unused_path("stderr"));
    let mut child = command
        .stdout(File::create(&stdout).expect("the folder is writable"))
        .stderr(File::create(&stderr).expect("the folder is writable"))
        .spawn()
        .expect("the binary is built");
    let pid = child.id();
    let (sender, exited) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    let status = match exited.recv_timeout(LIMIT) {
        Ok(status) => Some(status.expect("it is our child")),
        Err(_) => {
            send_signal(pid, "KILL");
            None
        }
    };
    let read = |path| fs::read_to_string(path).expect("the command writes text");
    let (stdout, stderr) = (read(stdout), read(stderr));
    match status.and_then(|status| status.code()) {
        Some(code) => CommandOutput {
            code,
            stdout,
            stderr,
        },
        None => panic!("{command:?} did not exit in time:\n{stdout}\n{stderr}"),
    }
}
