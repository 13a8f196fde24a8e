//! The commands, one file each.

mod healthcheck;
mod import;
mod serve;
mod up;

use std::{
    fmt,
    io::{self, Write},
};

use clap::Subcommand;

/// What the binary can do; each command's own documentation is its help.
#[derive(Debug, Subcommand)]
pub enum Command {
    Up(up::Up),
    Serve(serve::Serve),
    Import(import::Import),
    Healthcheck(healthcheck::Healthcheck),
}

impl Command {
    /// Runs the command to its end.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match self {
                Command::Up(up) => up.run().await,
                Command::Serve(serve) => serve.run().await,
                Command::Import(import) => import.run().await,
                Command::Healthcheck(healthcheck) => healthcheck.run().await,
            }
        })
    }
}

/// Prints a line for whoever reads it; if nobody does, the work is done all the same.
fn print_line(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
