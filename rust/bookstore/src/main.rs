//! The bookstore: every service in one process, or some of them.

mod banner;
mod commands;
mod doors;
mod health;
mod house;
mod operator;
mod settings;
mod trouble;
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

fn main() -> ExitCode {
    match Bookstore::try_parse() {
        Ok(bookstore) => trouble::ending(bookstore.command.run()),
        Err(error) => trouble::usage(&error),
    }
}

#[test]
fn the_command_line_is_well_formed() {
    use clap::CommandFactory;
    Bookstore::command().debug_assert();
}
