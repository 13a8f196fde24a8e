//! The commands of the binary.

mod case_text;
mod cases;
mod check;
mod config_location;
mod connection;
mod credentials;
mod diff;
mod explain;
mod fixtures;
mod grpcurl;
mod output;
mod progress;
mod reference;
mod refresh_fixtures;
mod replay;
mod session;
mod settings;
mod setup_call;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Holds a gRPC server to its contract.
///
/// A contract is an image (a FileDescriptorSet with all imports and with source
/// info, as `buf build --as-file-descriptor-set` or `protoc --include_imports
/// --include_source_info` makes it), a folder of protos, or what a server says of
/// itself by reflection.
#[derive(Debug, Parser)]
#[command(
    name = "proofread",
    version,
    after_help = "Exit codes: 0 all is well, 1 something is found to be wrong, 2 the command could not do its work."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends what the contract allows and forbids, and judges every answer.
    ///
    /// Failures are recorded in failures.json, for `proofread replay`.
    Check(check::Check),
    /// Sends the recorded failures again and says of each whether it is FIXED or
    /// FAILED.
    Replay(replay::Replay),
    /// Shows what `check` would send and why, without a server.
    Cases(cases::Cases),
    /// Says everything that the contract says about one method.
    Explain(explain::Explain),
    /// Compares two contracts by what they accept and answer: a semantic breaking check.
    ///
    /// Exits with 1 where a request that the old contract accepts is refused by the
    /// new one, or an answer that the old one rules out may come, which `buf breaking`
    /// does not see.
    Diff(diff::Diff),
    /// Writes the API reference as Markdown.
    ///
    /// Makes a page for each package, an index README.md, and unset.md: what it
    /// means to leave a request field unset. The same contract always gives the
    /// same files. Pages of an earlier run for which there is no package any more
    /// are removed; files that proofread did not write are left alone.
    Reference(reference::Reference),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the command could not do its work; the binary exits with 2 then.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Check(arguments) => arguments.run(),
            Command::Replay(arguments) => arguments.run(),
            Command::Cases(arguments) => arguments.run(),
            Command::Explain(arguments) => arguments.run(),
            Command::Diff(arguments) => arguments.run(),
            Command::Reference(arguments) => arguments.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
