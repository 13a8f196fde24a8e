//! The commands of the `proofread` binary, one module each, and what they share.

mod baseline;
mod case_text;
mod cases;
mod certificates;
mod check;
mod config_location;
mod connection;
mod credentials;
mod diff;
mod explain;
mod fixtures;
mod generate;
mod grpcurl;
mod init;
mod openapi;
mod output;
mod progress;
mod reference;
mod refresh_fixtures;
mod replay;
mod serve;
mod session;
mod settings;
mod setup_call;
mod source_files;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests a gRPC server against its contract.
///
/// A contract is an image (a FileDescriptorSet with all imports and source info, as
/// `buf build --as-file-descriptor-set` or `protoc --include_imports
/// --include_source_info` writes it), a folder of protos, or the description that the
/// server itself returns by reflection.
#[derive(Debug, Parser)]
#[command(
    name = "proofread",
    version,
    after_help = "Exit codes: 0 success, 1 a check failed or a breaking change was found, 2 the command could not run."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Looks at a server and writes a commented configuration, proofread.toml, for it.
    ///
    /// Sends malformed calls to one method, to find out the profile.
    Init(init::Init),
    /// Sends valid and invalid requests to a server and checks every answer.
    ///
    /// Failures are recorded in failures.json for `proofread replay`.
    Check(Box<check::Check>),
    /// Sends the recorded failures again and reports each as FIXED or FAILED.
    Replay(replay::Replay),
    /// Serves any contract: validates requests, and answers with messages that keep the rules.
    ///
    /// A mock for developers of clients, and a correct or broken server to test testers.
    /// Equal requests get equal answers. Health and reflection are served too. Metadata of a
    /// call asks for more: `proofread-error: NOT_FOUND BOOK_NOT_FOUND` for a declared error,
    /// `proofread-delay: 200ms`, and `proofread-break: KIND` for a deviation as by --break.
    Serve(serve::Serve),
    /// Shows the cases that `check` would send and their reasons, without a server.
    Cases(cases::Cases),
    /// Describes one method: fields, rules, meaning of unset fields, errors and cases.
    Explain(explain::Explain),
    /// Compares two contracts by the requests that they accept and the answers that they
    /// allow.
    ///
    /// Exits with 1 if the new contract refuses a request that the old one accepts, or
    /// allows an answer that the old one forbids. `buf breaking` does not detect this.
    Diff(diff::Diff),
    /// Writes the API reference as Markdown.
    ///
    /// Writes a page for each package, an index README.md, and unset.md, which lists what
    /// an unset request field means. The same contract always gives the same files. Pages
    /// of packages that no longer exist are removed; files that proofread did not write
    /// are kept.
    Reference(reference::Reference),
    /// Writes an OpenAPI 3.1 document of the unary methods.
    ///
    /// Each method has its path in the Connect protocol and those of its `google.api.http`
    /// annotations. Rules become keywords of JSON Schema, declared errors responses, and access
    /// becomes security. The same contract always gives the same document.
    #[command(name = "openapi")]
    OpenApi(openapi::OpenApi),
    /// Prints the completions of a shell, to be sourced by it.
    Completions(generate::Completions),
    /// Writes a man page for each command.
    Man(generate::Man),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// If the command could not run; the binary then exits with 2.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Init(arguments) => arguments.run(),
            Command::Completions(arguments) => arguments.run(),
            Command::Man(arguments) => arguments.run(),
            Command::Check(arguments) => arguments.run(),
            Command::Replay(arguments) => arguments.run(),
            Command::Serve(arguments) => arguments.run(),
            Command::Cases(arguments) => arguments.run(),
            Command::Explain(arguments) => arguments.run(),
            Command::Diff(arguments) => arguments.run(),
            Command::Reference(arguments) => arguments.run(),
            Command::OpenApi(arguments) => arguments.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }
}
