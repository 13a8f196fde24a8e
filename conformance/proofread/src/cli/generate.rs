//! `proofread completions` and `proofread man`: files about the command line itself.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, output};

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder for the pages; it is created if it does not exist.
    folder: PathBuf,
}

impl Completions {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "proofread", &mut script);
        output::print(&String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Man {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.folder.display();
        fs::create_dir_all(&self.folder).with_context(|| format!("can't create {folder}"))?;
        clap_mangen::generate_to(Cli::command(), &self.folder)
            .with_context(|| format!("can't write the pages to {folder}"))?;
        Ok(ExitCode::SUCCESS)
    }
}
