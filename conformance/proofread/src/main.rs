//! The `proofread` binary; the commands are in [`proofread::cli`].

use std::process::ExitCode;

use clap::Parser;
use proofread::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("proofread: {error:#}");
            ExitCode::from(2)
        }
    }
}
