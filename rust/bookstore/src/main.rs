//! The bookstore: every service in one process, or some of them.

mod banner;
mod commands;
mod doors;
mod health;
mod house;
mod operator;
mod settings;
mod web;

use std::process::ExitCode;

use clap::Parser;
use commands::Command;

/// A bookstore of gRPC microservices behind one contract.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Bookstore {
    #[command(subcommand)]
    command: Command,
}

/// How the command line was wrong, by the convention of sysexits: EX_USAGE.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let bookstore = match Bookstore::try_parse() {
        Ok(bookstore) => bookstore,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            // Nobody reads the output any more: there is nothing left to say.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match bookstore.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bookstore: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Bookstore::command().debug_assert();
    }
}
