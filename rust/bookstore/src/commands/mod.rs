//! The commands, one file each.

mod healthcheck;
mod import;
mod serve;
mod up;

use clap::Subcommand;

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the whole bookstore in this process
    Up(up::Up),
    /// Run some of the services in this process; the others are elsewhere
    Serve(serve::Serve),
    /// Import books from a CSV file
    Import(import::Import),
    /// Ask a running process whether its services serve; exits with 1 if not
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
