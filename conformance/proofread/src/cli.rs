//! The commands of the binary.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::{
    contract::Contract,
    reference::{self, Written},
};

/// Reads a gRPC contract and says what is in it.
///
/// A contract is an image: a FileDescriptorSet with all imports and with source
/// info, as `buf build --as-file-descriptor-set` or `protoc --include_imports
/// --include_source_info` makes it.
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
    /// Writes the API reference as Markdown.
    ///
    /// Makes a page for each package, an index README.md, and unset.md: what it
    /// means to leave a request field unset. The same contract always gives the
    /// same files. Pages of an earlier run for which there is no package any more
    /// are removed; files that proofread did not write are left alone.
    Reference(Reference),
}

#[derive(Debug, Args)]
struct Reference {
    /// The image of the contract.
    #[arg(long, value_name = "FILE", env = "PROOFREAD_CONTRACT")]
    contract: PathBuf,

    /// The folder for the pages; it is made if it does not exist.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Writes nothing, and exits with 1 if a page in the folder is not what the
    /// contract says.
    #[arg(long)]
    check: bool,
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the command could not do its work; the binary exits with 2 then.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Reference(arguments) => arguments.run(),
        }
    }
}

impl Reference {
    fn run(self) -> anyhow::Result<ExitCode> {
        let contract = Contract::open(&self.contract)?;
        let pages = reference::pages(&contract);
        let folder = self.out.display();
        if self.check {
            let stale = reference::stale(&self.out, &pages)
                .with_context(|| format!("can't compare the pages in {folder}"))?;
            for name in &stale {
                println!(
                    "{}: not what the contract says",
                    self.out.join(name).display()
                );
            }
            return Ok(ExitCode::from(u8::from(!stale.is_empty())));
        }
        let Written { changed, removed } = reference::write(&self.out, &pages)
            .with_context(|| format!("can't write the pages to {folder}"))?;
        println!(
            "{} pages in {folder}: {changed} changed, {removed} removed",
            pages.len()
        );
        Ok(ExitCode::SUCCESS)
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
