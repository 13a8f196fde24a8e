//! The `bookstore` binary: runs all services in one process, or some of them.

mod app;
mod assembly;
mod banner;
mod catalogue_record;
mod certificates;
mod commands;
mod error_report;
mod event_settings;
mod health;
mod http_server;
mod limits;
mod listeners;
mod operator_token;
mod payments;
mod peers;
mod remote_sessions;
mod secret_file;
mod service_secret;
mod services;
mod settings;
mod simulator;
mod tls;

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

/// Calls allocate and free on several threads; glibc's allocator takes measurably longer for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Bookstore::try_parse() {
        Ok(bookstore) => error_report::report(bookstore.command.run()),
        Err(error) => error_report::report_usage(&error),
    }
}

#[test]
fn the_command_line_is_well_formed() {
    use clap::CommandFactory;
    Bookstore::command().debug_assert();
}
