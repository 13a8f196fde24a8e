//! The `proofread` binary; the commands are in [`proofread::cli`].

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use proofread::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // Nobody reads a closed standard error, so a failure to write has no handler.
            let _ = writeln!(io::stderr(), "proofread: {error:#}");
            ExitCode::from(2)
        }
    }
}
